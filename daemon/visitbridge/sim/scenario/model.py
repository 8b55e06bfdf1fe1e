"""What a scenario file may say. TOML; the format is documented by the types below."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from visitbridge.errors import ConfigError

Reader = Annotated[int, Meta(ge=1, le=8, description="1 is the lab's first reader")]
Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$")]
Seconds = Annotated[float, Meta(ge=0, le=600)]
Value = Any


class Check(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that must hold: the value ``at`` a path, compared in every way that is given.

    A path is ``cards.readers[0].card.kind``; ``[key=text]`` picks the first item with that member and
    ``[-1]`` the last item. ``differs`` and ``count = 0`` also hold where the path leads nowhere.
    """

    at: str
    equals: Value | UnsetType = UNSET
    differs: Value | UnsetType = UNSET
    contains: Value | UnsetType = UNSET
    count: int | UnsetType = UNSET
    above: float | UnsetType = UNSET


class Step(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="do", tag=str.lower, forbid_unknown_fields=True
):
    """``note``: what is printed instead of the step's own words."""

    note: str = ""


class Bind(Step, frozen=True, kw_only=True, tag="bind"):
    """Bind the box with QR-2 and PIN, unless it is bound."""

    name: str = "示範閘道器"


class Insert(Step, frozen=True, kw_only=True, tag="insert"):
    """Put a virtual card into a reader. ``recognised``: go on only when the box knows what it is.

    ``pull``: ``{when = "before" | "during" | "after", nth = 3}``, the card leaves at that APDU by itself.
    """

    card: str
    reader: Reader = 1
    recognised: bool = True
    pull: dict[str, Value] | None = None


class Pull(Step, frozen=True, kw_only=True, tag="pull"):
    """Take out what is in the reader. ``noticed``: go on only when the box has seen it."""

    reader: Reader = 1
    noticed: bool = True


class Link(Step, frozen=True, kw_only=True, tag="link"):
    """What the VPN does from now on."""

    mode: Literal["up", "down", "slow", "deaf"]
    delay_ms: int = 1500


class Fault(Step, frozen=True, kw_only=True, tag="fault"):
    """Arm a fault of the portal, in the words of its lab control (docs/protocol.md)."""

    order: dict[str, Value]


class ClearFaults(Step, frozen=True, kw_only=True, tag="clear_faults"):
    """Disarm all faults of the portal."""


class Clock(Step, frozen=True, kw_only=True, tag="clock"):
    """How far the portal's clock is ahead."""

    offset_s: float


class Program(Step, frozen=True, kw_only=True, tag="program"):
    """Start, stop or kill one of the lab's programs."""

    name: Literal["gateway", "portal", "pcscd"]
    act: Literal["start", "stop", "kill"]


class SignIn(Step, frozen=True, kw_only=True, tag="sign_in"):
    """A staff session with the health-professional card in the reader."""

    reader: Reader = 1
    pin: str = "123456"


class StartVisit(Step, frozen=True, kw_only=True, tag="start_visit"):
    """Begin a visit with the patient's card in the reader; later steps call it by ``visit``."""

    visit: Name
    reader: Reader = 1
    offline: bool | None = None


class SaveVisit(Step, frozen=True, kw_only=True, tag="save_visit"):
    """Save a draft's content, as the API takes it."""

    visit: Name
    content: dict[str, Value]


class FinishVisit(Step, frozen=True, kw_only=True, tag="finish_visit"):
    """Finish a visit in one of the four modes (N01)."""

    visit: Name
    mode: Literal[1, 2, 3, 4] = 4


class Call(Step, frozen=True, kw_only=True, tag="call"):
    """Any request of a paired phone. ``refused``: the error code that it must be refused with.

    ``keep``: later steps get at the answer by this name.
    """

    method: Literal["GET", "POST", "PUT", "DELETE"] = "GET"
    path: str
    body: Value = None
    refused: str = ""
    keep: str = ""


class Look(Step, frozen=True, kw_only=True, tag="look"):
    """Ask the gateway (``api``) or the lab (``lab``) until all of ``where`` holds.

    ``within_s`` 0 asks once. The lab's paths are those of its control: ``/cards/ID/memory``,
    ``/portal/inbox``, ``/state``.
    """

    api: str = ""
    lab: str = ""
    where: Annotated[tuple[Check, ...], Meta(min_length=1)]
    within_s: Seconds = 60.0
    keep: str = ""


AnyStep = (
    Bind
    | Insert
    | Pull
    | Link
    | Fault
    | ClearFaults
    | Clock
    | Program
    | SignIn
    | StartVisit
    | SaveVisit
    | FinishVisit
    | Call
    | Look
)


class Scenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``${name.path}`` in any text of a step stands for something that an earlier step kept."""

    title: str
    steps: Annotated[tuple[AnyStep, ...], Meta(min_length=1)]


def load_scenario(path: Path) -> Scenario:
    """Raises ConfigError that names the file and the place in it."""
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise ConfigError(f"{path}: {exc}") from exc
    try:
        scenario = msgspec.convert(document, Scenario)
    except msgspec.ValidationError as exc:
        raise ConfigError(f"{path}: {exc}") from exc
    for number, step in enumerate(scenario.steps, 1):
        if isinstance(step, Look) and bool(step.api) == bool(step.lab):
            raise ConfigError(f"{path}: step {number}: look at either api or lab")
    return scenario
