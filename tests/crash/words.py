"""What the box under the hammer and the harness say to each other: one JSON document a line, told apart by a tag."""

from __future__ import annotations

import msgspec

from visitbridge.domain.job_states import Path
from visitbridge.domain.jobs import JobState
from visitbridge.services.outbox.steps import Edge


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """One life of a box. ``socket``: where the harness listens. ``readers``: 127.0.0.1:PORT of each."""

    state_dir: str
    socket: str
    portal_port: int
    readers: tuple[str, ...]
    answer_timeout_s: float = 0.5
    concurrency: int = 1


class Word(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Base of every message."""


class Point(Word, frozen=True):
    """An edge of a step; the engine waits there for the answer."""

    kind: str
    step: str
    edge: Edge


class Quiet(Word, frozen=True):
    """Nothing is under way. ``stuck``: ids of items that want a person. ``cards``: what the readers hold."""

    open_jobs: int
    stuck: tuple[str, ...]
    cards: tuple[str, ...]
    is_ready: bool
    waiting: str


class Saved(Word, frozen=True):
    """The commits of these visits and their jobs have returned."""

    visit_ids: tuple[str, ...]


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A row as it is on the box's disk. ``receipt_kind`` is empty where none is given."""

    kind: str
    visit_id: str
    state: JobState
    error_code: str
    receipt_kind: str


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One registered kind: how it acts, with which request it does, and its steps as the engine names them."""

    name: str
    path: Path
    route: str
    steps: tuple[str, ...]


class Told(Word, frozen=True):
    """Every job of this box, and every kind that its engine knows."""

    jobs: tuple[Job, ...]
    kinds: tuple[Kind, ...]


BoxSays = Point | Quiet | Saved | Told


class Go(Word, frozen=True):
    """Go on; at a quiet moment, ``leap_s`` later."""

    leap_s: float = 0.0


class Bind(Word, frozen=True):
    ticket: str
    pin: str


class SignIn(Word, frozen=True):
    """With the card in the second reader."""


class Begin(Word, frozen=True):
    """Make and finish a visit, with the card in the first reader, that leads to a job of ``kind``.

    ``payload``: for kinds that bring their own body.
    """

    kind: str
    payload: str


class Repeat(Word, frozen=True):
    """Make finished visits like the last one, ``count`` of them, a second apart and ``back_s`` before it."""

    count: int
    back_s: int


class Retry(Word, frozen=True):
    """What a person does about an item that is stuck."""

    job_ids: tuple[str, ...]


class Tell(Word, frozen=True):
    """Answer with :class:`Told`."""


class Stop(Word, frozen=True):
    """End in order."""


HarnessSays = Go | Bind | SignIn | Begin | Repeat | Retry | Tell | Stop

_ENCODER = msgspec.json.Encoder()
_FROM_BOX: msgspec.json.Decoder[BoxSays] = msgspec.json.Decoder(BoxSays)
_FROM_HARNESS: msgspec.json.Decoder[HarnessSays] = msgspec.json.Decoder(HarnessSays)


def encode(word: Word) -> bytes:
    return _ENCODER.encode(word) + b"\n"


def heard(line: bytes) -> BoxSays:
    return _FROM_BOX.decode(line)


def ordered(line: bytes) -> HarnessSays:
    return _FROM_HARNESS.decode(line)
