"""The way out changes while the box talks: nothing under way is cut, nothing new takes the old connections."""

from __future__ import annotations

import asyncio
import itertools
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiohttp.connector import AddrInfoType

from tests.contract.datacentre_benches import BOX, open_box_store
from tests.patience import PATIENCE_S
from tests.vpnportal.portal import open_running_portal
from visitbridge.adapters.datacentre.client import HttpDataCentre
from visitbridge.adapters.datacentre.http import Way
from visitbridge.protocols.datacentre.device import BindTicket
from visitbridge.sim.relay import Line, Relay, open_relay


class Roads:
    """``made``: the sockets of one way after the other, in order."""

    def __init__(self, relay: Relay) -> None:
        self.relay = relay
        self.name = "first"
        self.made: list[socket.socket] = []
        self.data_centre: HttpDataCentre

    def way(self) -> Way:
        return Way(make_socket=self._make, name=lambda: self.name)

    def _make(self, address: AddrInfoType) -> socket.socket:
        made = socket.socket(*address[:3])
        self.made.append(made)
        return made

    async def wait_closed(self, made: socket.socket) -> None:
        limit_s = time.monotonic() + PATIENCE_S
        for _ in itertools.takewhile(lambda _: time.monotonic() < limit_s, itertools.count()):
            if made.fileno() == -1:
                return
            await asyncio.sleep(0.01)
        raise AssertionError("the connection stayed open")


@pytest.fixture
async def roads(tmp_path: Path) -> AsyncIterator[Roads]:
    """Bound, with no connection open."""
    async with (
        open_running_portal(tmp_path / "portal") as portal,
        open_box_store(tmp_path) as store,
        open_relay("127.0.0.1", urlsplit(portal.url).port or 0) as relay,
    ):
        opened = Roads(relay)
        opened.data_centre = HttpDataCentre(
            store, monotonic=time.monotonic, connect=f"127.0.0.1:{relay.port}", way=opened.way()
        )
        issued = portal.issue_ticket()
        ticket = BindTicket(url=portal.url, token=issued.token, ca_pem=portal.ca_pem)
        await opened.data_centre.bind(ticket, issued.pin, BOX)
        opened.made.clear()
        yield opened
        await opened.data_centre.close()


async def test_idle_connections_of_the_old_way_close(roads: Roads) -> None:
    await roads.data_centre.device_status()
    await roads.data_centre.device_status()
    assert len(roads.made) == 1

    roads.name = "second"
    await roads.data_centre.device_status()

    assert len(roads.made) == 2
    await roads.wait_closed(roads.made[0])


async def test_a_request_under_way_ends_where_it_began(roads: Roads) -> None:
    await roads.data_centre.device_status()
    roads.relay.set_line(Line.SLOW, delay_s=0.2)
    asking = asyncio.ensure_future(roads.data_centre.device_status())
    await asyncio.sleep(0)
    roads.name = "second"

    roads.relay.set_line(Line.SLOW, delay_s=0.1)
    await roads.data_centre.device_status()
    assert (await asking).enabled

    assert len(roads.made) == 2
    await roads.wait_closed(roads.made[0])


async def test_all_ways_close_with_the_data_centre(roads: Roads) -> None:
    await roads.data_centre.device_status()
    roads.relay.set_line(Line.DEAF)
    asking = asyncio.ensure_future(roads.data_centre.device_status())
    await asyncio.sleep(0)
    roads.name = "second"
    roads.relay.set_line(Line.UP)
    await roads.data_centre.device_status()

    asking.cancel()
    await asyncio.wait({asking})
    await roads.data_centre.close()

    assert len(roads.made) == 2
    await roads.wait_closed(roads.made[0])
    await roads.wait_closed(roads.made[1])
