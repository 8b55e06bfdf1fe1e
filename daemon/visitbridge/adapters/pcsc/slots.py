"""What is known of every slot, and what changed: PC/SC state bits in, ``ReaderInfo`` out. No calls, no clock."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable

import msgspec

from visitbridge.adapters.pcsc.binding import SlotStatus
from visitbridge.adapters.pcsc.identity import ReaderPlaces
from visitbridge.ports.cards import ReaderInfo, ReaderState

log = logging.getLogger(__name__)

TRANSPORT = "pcsc"

# Beginnings of the names that virtual readers have: our own lab's, and those of Debian's vsmartcard-vpcd.
VIRTUAL_NAMES = ("VisitBridge Virtual", "Virtual PCD")


class _Slot(msgspec.Struct):
    info: ReaderInfo
    name: str
    events: int = 0


class SlotBook:
    """All slots seen since the process began.

    ``allow_virtual``: without it, slots of virtual readers do not exist.
    """

    def __init__(self, *, allow_virtual: bool) -> None:
        self._allow_virtual = allow_virtual
        self._places = ReaderPlaces()
        self._slots: dict[str, _Slot] = {}
        self._ids: dict[str, str] = {}
        self._refused: set[str] = set()

    def infos(self) -> tuple[ReaderInfo, ...]:
        return tuple(slot.info for slot in self._slots.values())

    def info(self, reader_id: str) -> ReaderInfo:
        return self._slots[reader_id].info

    def name_of(self, reader_id: str) -> str | None:
        """The slot's PC/SC name now, None while pcscd does not know it."""
        slot = self._slots[reader_id]
        return slot.name if slot.name in self._ids else None

    def keep(self, names: Collection[str]) -> list[ReaderInfo]:
        """Take note of which slots pcscd has; the answer are those that went away."""
        seated = self._places.assign(self._allowed(names))
        self._ids = {name: identity.reader_id for name, identity in seated.items()}
        for name, identity in seated.items():
            slot = self._slots.get(identity.reader_id)
            if slot is None:
                info = ReaderInfo(
                    reader_id=identity.reader_id,
                    name=identity.label,
                    transport=TRANSPORT,
                    state=ReaderState.UNAVAILABLE,
                    virtual=name.startswith(VIRTUAL_NAMES),
                )
                self._slots[identity.reader_id] = _Slot(info=info, name=name)
            else:
                slot.name = name
        present = set(self._ids.values())
        gone = (slot for reader_id, slot in self._slots.items() if reader_id not in present)
        return [slot.info for slot in gone if self._set(slot, ReaderState.UNAVAILABLE)]

    def update(self, statuses: Iterable[SlotStatus]) -> list[ReaderInfo]:
        """Take note of slots' states; the answer are those that changed."""
        changed = []
        for status in statuses:
            reader_id = self._ids.get(status.name)
            if reader_id is None:
                continue
            slot = self._slots[reader_id]
            if self._apply(slot, status):
                changed.append(slot.info)
        return changed

    def lose_all(self) -> list[ReaderInfo]:
        """Take note that pcscd is gone; the answer are the slots that were there until now."""
        return self.keep(())

    def _apply(self, slot: _Slot, status: SlotStatus) -> bool:
        same_events = status.events == slot.events
        slot.events = status.events
        if status.is_gone:
            return self._set(slot, ReaderState.UNAVAILABLE)
        if not status.is_present:
            return self._set(slot, ReaderState.EMPTY)
        state = ReaderState.MUTE if status.is_mute else ReaderState.CARD
        was_in = slot.info.state in {ReaderState.CARD, ReaderState.MUTE}
        insertion = slot.info.insertion if was_in and same_events else slot.info.insertion + 1
        return self._set(slot, state, insertion=insertion, atr=status.atr.hex().upper())

    def _set(self, slot: _Slot, state: ReaderState, *, insertion: int | None = None, atr: str = "") -> bool:
        before = slot.info
        slot.info = msgspec.structs.replace(
            before, state=state, atr=atr, insertion=before.insertion if insertion is None else insertion
        )
        return slot.info != before

    def _allowed(self, names: Collection[str]) -> list[str]:
        if self._allow_virtual:
            return list(names)
        for name in names:
            if name.startswith(VIRTUAL_NAMES) and name not in self._refused:
                self._refused.add(name)
                log.warning("a virtual reader is ignored: virtual devices are not allowed here")
        return [name for name in names if not name.startswith(VIRTUAL_NAMES)]
