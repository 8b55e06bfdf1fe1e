"""What a data centre may answer: in pieces as the line makes them, and never more than the box has room for."""

from __future__ import annotations

import gzip
import json
import ssl
import time
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web

from visitbridge.adapters.datacentre.http import Portal
from visitbridge.errors import DataCentreGarbled
from visitbridge.protocols.datacentre.common import BASE_PATH, HEADER_EPOCH, HEADER_TIME

MIB = 1024 * 1024
HEADERS = {HEADER_EPOCH: "e", HEADER_TIME: "2026-11-23T02:00:00Z"}
LARGE = {"text": "字" * MIB}
BOMB = gzip.compress(bytes(256 * MIB), 9)


async def in_pieces(request: web.Request) -> web.StreamResponse:
    """What a slow line makes of an answer: the end has not even left when the beginning is there."""
    response = web.StreamResponse(headers=HEADERS)
    await response.prepare(request)
    body = json.dumps(LARGE).encode()
    for start in range(0, len(body), 1400):
        await response.write(body[start : start + 1400])
    await response.write_eof()
    return response


async def bomb(request: web.Request) -> web.Response:
    """A quarter of a gibibyte in a quarter of a mebibyte."""
    return web.Response(body=BOMB, headers=HEADERS | {"Content-Encoding": "gzip"})


async def refused(request: web.Request) -> web.Response:
    return web.Response(status=500, body=BOMB, headers=HEADERS | {"Content-Encoding": "gzip"})


@pytest.fixture
async def portal() -> AsyncIterator[Portal]:
    app = web.Application()
    app.router.add_get(BASE_PATH + "/large", in_pieces)
    app.router.add_post(BASE_PATH + "/large", in_pieces)
    app.router.add_route("*", BASE_PATH + "/bomb", bomb)
    app.router.add_route("*", BASE_PATH + "/refused", refused)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    portal = Portal(url, ssl.create_default_context(), monotonic=time.monotonic)
    yield portal
    await portal.close()
    await runner.cleanup()


async def asked(portal: Portal) -> dict[str, str]:
    return await portal.ask("GET", "/large", into=dict[str, str])


async def posted(portal: Portal) -> dict[str, str]:
    return await portal.post("/large", b"{}", into=dict[str, str])


@pytest.mark.parametrize("call", [asked, posted])
async def test_an_answer_that_comes_in_many_pieces_is_read_to_its_end(
    portal: Portal, call: Callable[[Portal], Awaitable[dict[str, str]]]
) -> None:
    assert await call(portal) == LARGE


async def fetched(portal: Portal, path: str) -> None:
    await portal.fetch(path, offset=0, most_bytes=MIB, sink=bytearray().extend)


async def told(portal: Portal, path: str) -> None:
    await portal.tell(path, b"{}")


@pytest.mark.parametrize(("call", "path"), [(told, "/bomb"), (told, "/refused"), (fetched, "/refused")])
async def test_an_answer_that_unpacks_to_more_than_fits_is_dropped(
    portal: Portal, call: Callable[[Portal, str], Awaitable[None]], path: str
) -> None:
    """Whatever its status; the memory it took is that of the limit, not of what it would have become."""
    tracemalloc.start()
    try:
        with pytest.raises(DataCentreGarbled):
            await call(portal, path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 64 * MIB


async def test_a_file_that_goes_on_beyond_its_size_does_not_fill_the_disk(portal: Portal) -> None:
    kept = bytearray()
    with pytest.raises(DataCentreGarbled):
        await portal.fetch("/bomb", offset=0, most_bytes=MIB, sink=kept.extend)

    assert len(kept) <= MIB
