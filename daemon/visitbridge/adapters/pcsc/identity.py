"""Which reader is which, although PC/SC names change at every re-plug.

pcsc-lite builds a slot's name as ``MODEL [interface] (serial) RR SS``: RR is the first free reader number
(hexadecimal), SS the slot within the reader; libccid's *serial* may hold the USB path, so a re-plug changes
it. A slot is therefore known by its model, its slot number, and its place among readers of the same model:
a reader that comes back takes the place that was left, its own old one when its name still says which.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

_NAME = re.compile(r"^(?P<body>.+?)(?: (?P<reader>[0-9A-F]{2}) (?P<slot>[0-9A-F]{2}))?$")
_BRACKETS = re.compile(r"\s*[(\[][^)\]]*[)\]]")
_NOT_IN_ID = re.compile(r"[^a-z0-9]+")


class SlotName(msgspec.Struct, frozen=True):
    """A PC/SC name taken apart. ``body`` is the whole name without the two numbers at its end."""

    model: str
    body: str
    slot: int

    @classmethod
    def parse(cls, name: str) -> SlotName:
        match = _NAME.match(name)
        body = match["body"] if match else name
        slot = int(match["slot"], 16) if match and match["slot"] else 0
        return cls(model=_BRACKETS.sub("", body).strip() or body, body=body, slot=slot)


class Identity(msgspec.Struct, frozen=True):
    """``reader_id`` goes into addresses; ``label`` is shown to people."""

    reader_id: str
    label: str


class _Place(msgspec.Struct):
    identity: Identity
    last_body: str
    taken_by: str | None


class ReaderPlaces:
    """Gives every slot that pcscd names its lasting identity. Places are kept for the life of the process."""

    def __init__(self) -> None:
        self._places: dict[tuple[str, int], list[_Place]] = {}

    def assign(self, names: Iterable[str]) -> dict[str, Identity]:
        """The identities of all slots present now, by PC/SC name; places of other slots become free."""
        present = set(names)
        for places in self._places.values():
            for place in places:
                if place.taken_by not in present:
                    place.taken_by = None
        seated = {
            place.taken_by: place.identity
            for places in self._places.values()
            for place in places
            if place.taken_by is not None
        }
        waiting = [(name, SlotName.parse(name)) for name in sorted(present - seated.keys())]
        for same_body in (True, False):
            for name, slot in waiting:
                if name not in seated and (free := self._free_place(slot, same_body=same_body)):
                    free.taken_by, free.last_body = name, slot.body
                    seated[name] = free.identity
        for name, slot in waiting:
            if name not in seated:
                seated[name] = self._new_place(name, slot)
        return seated

    def _free_place(self, slot: SlotName, *, same_body: bool) -> _Place | None:
        for place in self._places.get((slot.model, slot.slot), []):
            if place.taken_by is None and (not same_body or place.last_body == slot.body):
                return place
        return None

    def _new_place(self, name: str, slot: SlotName) -> Identity:
        places = self._places.setdefault((slot.model, slot.slot), [])
        ordinal = len(places) + 1
        model_id = _NOT_IN_ID.sub("-", slot.model.lower()).strip("-") or "reader"
        label = slot.model
        if ordinal > 1:
            label += f" #{ordinal}"
        if slot.slot > 0:
            label += f" · {slot.slot + 1}"
        identity = Identity(reader_id=f"pcsc-{model_id}-{ordinal}-{slot.slot}", label=label)
        places.append(_Place(identity=identity, last_body=slot.body, taken_by=name))
        return identity
