"""Addresses from which a paired phone has spoken lately. It opens nothing: it only chooses how probes are answered."""

from __future__ import annotations

from collections import OrderedDict

from visitbridge.ports.clock import Clock

REMEMBERED_S = 12 * 3600.0
ADDRESSES = 256


class Neighbours:
    """At most :data:`ADDRESSES`; the one heard of least recently is forgotten first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heard: OrderedDict[str, float] = OrderedDict()

    def note(self, address: str) -> None:
        self._heard.pop(address, None)
        self._heard[address] = self._clock.monotonic()
        while len(self._heard) > ADDRESSES:
            self._heard.popitem(last=False)

    def know(self, address: str) -> bool:
        heard_s = self._heard.get(address)
        return heard_s is not None and self._clock.monotonic() - heard_s < REMEMBERED_S
