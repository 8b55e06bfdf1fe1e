"""The box goes where it was bound to: an answer that sends it elsewhere is not followed."""

from __future__ import annotations

import ssl
import time
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from visitbridge.adapters.datacentre.http import Portal
from visitbridge.errors import DataCentreError
from visitbridge.protocols.datacentre.common import BASE_PATH, HEADER_EPOCH, HEADER_TIME
from visitbridge.protocols.datacentre.device import DeviceStatus


class Misleading:
    """Sends every caller on to ``/elsewhere``, and counts who comes there."""

    def __init__(self) -> None:
        self.visits = 0
        self.url = ""

    async def send_on(self, request: web.Request) -> web.Response:
        headers = {"Location": "/elsewhere", HEADER_EPOCH: "e", HEADER_TIME: "2026-11-23T02:00:00Z"}
        return web.Response(status=307, headers=headers)

    async def elsewhere(self, request: web.Request) -> web.Response:
        self.visits += 1
        return web.json_response({})


@pytest.fixture
async def misleading() -> AsyncIterator[Misleading]:
    other = Misleading()
    app = web.Application()
    app.router.add_route("*", "/elsewhere", other.elsewhere)
    app.router.add_route("*", BASE_PATH + "/{path:.*}", other.send_on)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    other.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield other
    await runner.cleanup()


async def test_an_answer_that_points_elsewhere_is_not_followed(misleading: Misleading) -> None:
    portal = Portal(misleading.url, ssl.create_default_context(), monotonic=time.monotonic)
    try:
        with pytest.raises(DataCentreError):
            await portal.ask("GET", "/device", into=DeviceStatus)
        with pytest.raises(DataCentreError):
            await portal.post("/visits", b"{}", into=DeviceStatus)
    finally:
        await portal.close()

    assert misleading.visits == 0
