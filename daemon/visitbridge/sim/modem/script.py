"""A scripted life of a virtual modem: what it does after which command, or after how long. Never by chance."""

from __future__ import annotations

import asyncio
import tomllib
from pathlib import Path
from typing import Literal

import msgspec

from visitbridge.errors import ConfigError
from visitbridge.sim.modem.faults import Cure, FaultKind
from visitbridge.sim.modem.line import VirtualModem
from visitbridge.sim.modem.setup import ModemSetup

Action = Literal[
    "begin", "end", "remove_sim", "insert_sim", "drop_bearer", "unplug", "plug_in", "restart", "say", "noise"
]


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``on``: begins with this, ``nth`` time since the step before; else ``after_s`` since then.

    ``fault`` and ``cure`` (reattach, radio, reset, power, never) go with begin and end, ``line`` with say,
    ``garbage_hex`` with noise.
    """

    do: Action
    on: str = ""
    nth: int = 1
    after_s: float = 0.0
    fault: FaultKind | None = None
    cure: Literal["reattach", "radio", "reset", "power", "never"] = "never"
    line: str = ""
    garbage_hex: str = ""


class Script(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    setup: ModemSetup = ModemSetup()
    step: tuple[Step, ...] = ()


def read_script(file: Path) -> Script:
    """Raises ConfigError naming the place of what is wrong."""
    try:
        script = msgspec.convert(tomllib.loads(file.read_text("utf-8")), Script)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as exc:
        raise ConfigError(f"{file}: {exc}") from exc
    for number, step in enumerate(script.step):
        if step.do in ("begin", "end") and step.fault is None:
            raise ConfigError(f"{file}: step {number}: {step.do} needs a fault")
    return script


class Player:
    """Plays the steps in order on ``modem``; each waits for the one before. Call :meth:`stop` before it goes."""

    def __init__(self, modem: VirtualModem, script: Script) -> None:
        self._modem = modem
        self._steps = list(script.step)
        self._heard = 0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_over(self) -> bool:
        return not self._steps

    def start(self) -> None:
        self._modem.when_asked(self._hear)
        self._arm()

    def stop(self) -> None:
        self._steps.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _later(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._do_next)

    def _arm(self) -> None:
        """Wait for the next step, if it is one of time; a command comes by itself."""
        self._heard = 0
        if self._steps and not self._steps[0].on:
            self._later(self._steps[0].after_s)

    def _hear(self, command: str) -> None:
        if not self._steps or not self._steps[0].on or not command.startswith(self._steps[0].on):
            return
        self._heard += 1
        if self._heard == self._steps[0].nth:
            self._later(self._steps[0].after_s)

    def _do_next(self) -> None:
        self._act(self._steps.pop(0))
        self._arm()

    def _act(self, step: Step) -> None:
        modem = self._modem
        match step.do:
            case "begin" if step.fault is not None:
                modem.begin(step.fault, Cure[step.cure.upper()])
            case "end" if step.fault is not None:
                modem.end(step.fault)
            case "say":
                modem.say(step.line.encode("ascii", "replace"))
            case "noise":
                modem.add_noise(bytes.fromhex(step.garbage_hex))
            case "restart":
                modem.restart()
            case "remove_sim":
                modem.remove_sim()
            case "insert_sim":
                modem.insert_sim()
            case "drop_bearer":
                modem.drop_bearer()
            case "unplug":
                modem.unplug()
            case "plug_in":
                modem.plug_in()
