"""What all virtual cards have in common: the seam, the memory that outlives the process, the pull."""

from __future__ import annotations

import enum
import os
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from visitbridge.errors import CardRemoved, StoreDamaged

MemoryT = TypeVar("MemoryT", bound=msgspec.Struct)


class CardSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A card's memory as the lab shows it. ``records`` and ``counters`` are the applet's own words."""

    card_id: str
    kind: str
    applet: str
    records: tuple[dict[str, str | int], ...] = ()
    counters: dict[str, int] = {}


class VirtualCard(Protocol):
    """A card as a pure function from command to answer, with a memory of its own."""

    @property
    def card_id(self) -> str: ...

    @property
    def atr(self) -> bytes:
        """Answer to reset; empty for a mute card."""
        ...

    def reset(self) -> None:
        """Power loss: selection, secure channel and verified PIN are gone, the memory stays."""
        ...

    def execute(self, apdu: bytes) -> bytes:
        """Answer one command APDU. What it changed is on the disk when this returns."""
        ...

    def snapshot(self) -> CardSnapshot: ...


class MemoryFile:
    """A card's memory as one JSON file, replaced as a whole: after a power cut it is the old or the new one.

    ``directory`` None keeps the memory in this process only.
    """

    def __init__(self, directory: Path | None, card_id: str) -> None:
        self._path = directory / f"{card_id}.json" if directory else None

    def load(self, memory_type: type[MemoryT]) -> MemoryT | None:
        """The stored memory, None when there is none yet. Raises StoreDamaged for an unreadable file."""
        if self._path is None or not self._path.exists():
            return None
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=memory_type)
        except msgspec.DecodeError as exc:
            raise StoreDamaged("a virtual card's memory file does not read") from exc

    def save(self, memory: msgspec.Struct) -> None:
        """Durable when this returns: file synced, renamed into place, directory synced."""
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part = self._path.with_suffix(".part")
        with part.open("wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(memory), indent=1))
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


class PullMoment(enum.StrEnum):
    """When the card leaves the reader, seen from one APDU.

    ``BEFORE``: the command never reached the card. ``DURING``: the card acted, its answer is lost.
    ``AFTER``: the answer arrived; the next command finds no card.
    """

    BEFORE = "before"
    DURING = "during"
    AFTER = "after"


class Pull(msgspec.Struct, frozen=True):
    """Pull the card at the ``nth`` APDU (1 is the first) of this insertion."""

    when: PullMoment
    nth: int


class PulledCard:
    """A card that is pulled at a given APDU; from then on every command raises CardRemoved."""

    def __init__(self, card: VirtualCard, pull: Pull) -> None:
        self._card = card
        self._pull = pull
        self._seen = 0
        self._gone = False

    @property
    def card_id(self) -> str:
        return self._card.card_id

    @property
    def atr(self) -> bytes:
        return self._card.atr

    @property
    def is_gone(self) -> bool:
        return self._gone

    @property
    def executed(self) -> int:
        """How many commands were sent to this card in this insertion, the one that met the pull included."""
        return self._seen

    def reset(self) -> None:
        self._card.reset()

    def snapshot(self) -> CardSnapshot:
        return self._card.snapshot()

    def execute(self, apdu: bytes) -> bytes:
        if self._gone:
            raise CardRemoved("virtual card pulled earlier")
        self._seen += 1
        if self._seen != self._pull.nth:
            return self._card.execute(apdu)
        self._gone = True
        answer = b"" if self._pull.when is PullMoment.BEFORE else self._card.execute(apdu)
        self._card.reset()
        if self._pull.when is PullMoment.AFTER:
            return answer
        raise CardRemoved(f"virtual card pulled {self._pull.when} an APDU")
