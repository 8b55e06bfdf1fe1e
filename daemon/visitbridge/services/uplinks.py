"""Several uplinks with priority: use the best one that reaches the data centre (C01).

An uplink that is up may still not lead into the VPN: a hotel's cable has internet and nothing else. So one that
does not reach the data centre is set aside for a while, the next one is tried, and the better one gets another chance
later, ever more rarely: each chance takes the link down for some probes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import msgspec

from visitbridge.domain.modem import ModemState
from visitbridge.domain.uplink import Uplink, UplinkKind
from visitbridge.ports.uplink import Interfaces
from visitbridge.services.link.hops import MODEM_HOPS

log = logging.getLogger(__name__)


class UplinkPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """``failures``: probes in a row without an answer before another uplink is tried.

    ``set_aside_s``: for how long at first; twice as long each further time in a row, up to ``longest_aside_s``.
    """

    failures: int = 3
    set_aside_s: float = 300.0
    longest_aside_s: float = 4800.0


class ModemView(msgspec.Struct, frozen=True, kw_only=True):
    """What the modem gives to its uplink: how far it is, and the carrier's name servers."""

    state: ModemState = ModemState.NONE
    dns: tuple[str, ...] = ()


class Uplinks:
    """``uplinks`` in order of preference. Implements ``services.link.watch.Uplink``."""

    def __init__(
        self,
        uplinks: Sequence[Uplink],
        interfaces: Interfaces,
        *,
        monotonic: Callable[[], float],
        modem: Callable[[], ModemView],
        policy: UplinkPolicy,
    ) -> None:
        self._uplinks = tuple(uplinks)
        self._interfaces = interfaces
        self._monotonic = monotonic
        self._modem = modem
        self._policy = policy
        self._used: Uplink | None = None
        self._failures = 0
        self._aside_until_s: dict[str, float] = {}
        self._aside_s: dict[str, float] = {}

    def current(self) -> Uplink | None:
        """The one to use now, with its name servers; None on a box that leaves it to the machine's routes."""
        chosen = self._choose()
        if chosen is not None and chosen != self._used:
            if self._used is not None:
                log.info("uplink %s instead of %s", chosen.name, self._used.name)
            self._used = chosen
            self._failures = 0
        if chosen is not None and chosen.kind is UplinkKind.MODEM and not chosen.dns:
            return msgspec.structs.replace(chosen, dns=self._modem().dns)
        return chosen

    def broken_hop(self) -> str:
        if not self._uplinks:
            return ""
        chosen = self.current()
        if chosen is None or self._is_up(chosen):
            return ""
        # Of several that are all down, what is wrong with the modem says most.
        if any(uplink.kind is UplinkKind.MODEM for uplink in self._uplinks):
            return MODEM_HOPS[self._modem().state] or "no_uplink"
        return "no_uplink"

    def answered(self) -> None:
        self._failures = 0
        if self._used is not None:
            self._forget(self._used)

    def failed(self) -> None:
        self._failures += 1
        others = [uplink for uplink in self._uplinks if uplink != self._used and self._is_up(uplink)]
        if self._used is not None and others and self._failures >= self._policy.failures:
            self._set_aside(self._used)
            self._failures = 0

    def _set_aside(self, uplink: Uplink) -> None:
        before_s = self._aside_s.get(uplink.name)
        aside_s = (
            self._policy.set_aside_s if before_s is None else min(before_s * 2, self._policy.longest_aside_s)
        )
        self._aside_s[uplink.name] = aside_s
        self._aside_until_s[uplink.name] = self._monotonic() + aside_s

    def _forget(self, uplink: Uplink) -> None:
        self._aside_s.pop(uplink.name, None)
        self._aside_until_s.pop(uplink.name, None)

    def _choose(self) -> Uplink | None:
        if not self._uplinks:
            return None
        now_s = self._monotonic()
        up = [uplink for uplink in self._uplinks if self._is_up(uplink)]
        for uplink in self._uplinks:
            if uplink not in up:
                # What comes back may be another cable, another phone, a modem attached anew.
                self._forget(uplink)
        fresh = [uplink for uplink in up if self._aside_until_s.get(uplink.name, 0.0) <= now_s]
        if fresh:
            return fresh[0]
        if up:
            return min(up, key=lambda uplink: self._aside_until_s[uplink.name])
        return self._uplinks[0]

    def _is_up(self, uplink: Uplink) -> bool:
        if uplink.kind is UplinkKind.MODEM and self._modem().state is not ModemState.DATA_UP:
            return False
        return not uplink.interface or self._interfaces.has_address(uplink.interface)
