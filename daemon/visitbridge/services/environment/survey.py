"""All items in the order in which they build on each other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import msgspec

from visitbridge.errors import DataCentreError, LinkError, PortalUntrusted
from visitbridge.ports.clock import Clock
from visitbridge.services.environment.box import (
    DiskProbe,
    certificate_check,
    clock_check,
    disk_check,
    portal_certificate_check,
    power_check,
    readers_check,
    sam_check,
    site_check,
)
from visitbridge.services.environment.hosts import HostProbe, hosts_checks
from visitbridge.services.environment.line import data_check, modem_checks, path_checks
from visitbridge.services.environment.report import EnvironmentReport, report_of
from visitbridge.services.link.hops import hop_of
from visitbridge.services.live import LiveBoard
from visitbridge.services.modem.meter import MeterReading
from visitbridge.services.modem.topic import ModemTopic
from visitbridge.services.site_steps import SiteStepView
from visitbridge.services.topics import BoxTopic, CardsTopic, CertificateTopic, PortalTopic, PowerTopic

TopicT = TypeVar("TopicT", bound=msgspec.Struct)


class Survey:
    """``try_path`` asks the data centre over a connection made for the purpose: name, host, TLS and answer are
    all tried, none remembered. Several phones that ask at once share one survey.
    """

    def __init__(
        self,
        board: LiveBoard,
        clock: Clock,
        *,
        try_path: Callable[[], Awaitable[object]],
        broken_uplink: Callable[[], str],
        hosts: HostProbe,
        disk: DiskProbe,
        data_used: Callable[[], MeterReading | None],
        site: Callable[[], Awaitable[Sequence[SiteStepView]]],
    ) -> None:
        self._board = board
        self._clock = clock
        self._try_path = try_path
        self._broken_uplink = broken_uplink
        self._hosts = hosts
        self._disk = disk
        self._data_used = data_used
        self._site = site
        self._turn = asyncio.Lock()
        self._last: EnvironmentReport | None = None

    async def run(self) -> EnvironmentReport:
        """Takes as long as the slowest try, some seconds when the line is dead."""
        asked_while = self._last
        async with self._turn:
            if self._last is not asked_while and self._last is not None:
                return self._last
            self._last = await self._look()
            return self._last

    async def _look(self) -> EnvironmentReport:
        hop, untrusted = await self._first_broken_hop()
        box = self._topic("box", BoxTopic)
        return report_of(
            self._clock.now(),
            [
                *modem_checks(self._topic("modem", ModemTopic)),
                data_check(self._data_used()),
                *path_checks(hop, untrusted),
                *hosts_checks(await self._hosts.look()),
                portal_certificate_check(self._topic("portal", PortalTopic), self._clock.now()),
                sam_check(box, self._clock.now()),
                certificate_check(self._topic("certificate", CertificateTopic), self._clock.now()),
                clock_check(self._clock.trust),
                readers_check(self._topic("cards", CardsTopic)),
                power_check(self._topic("power", PowerTopic)),
                disk_check(await self._disk.look()),
                site_check(await self._site()),
            ],
        )

    async def _first_broken_hop(self) -> tuple[str, str]:
        """The hop, and why a certificate is not believed where that is what is broken."""
        try:
            await self._try_path()
        except PortalUntrusted as exc:
            return self._broken_uplink() or hop_of(exc), exc.reason
        except (LinkError, DataCentreError) as exc:
            return self._broken_uplink() or hop_of(exc), ""
        return "", ""

    def _topic(self, name: str, kind: type[TopicT]) -> TopicT | None:
        value = self._board.snapshot().get(name)
        return value if isinstance(value, kind) else None
