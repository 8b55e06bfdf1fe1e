"""The least that tells a phone of a card: pyscard in a thread, one event stream, nothing else. What bench_readers compares with.

``python -m tests.bench.bare_events`` prints its address as JSON; ``GET /`` sends an event for each insertion and removal.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading

from aiohttp import web
from smartcard import scard


def watch(loop: asyncio.AbstractEventLoop, news: asyncio.Queue[bool]) -> None:
    """For ever, in a thread: whether a card is in the first slot, at every change."""
    _, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
    _, names = scard.SCardListReaders(context, [])
    believed = scard.SCARD_STATE_UNAWARE
    while True:
        _, states = scard.SCardGetStatusChange(context, 60_000, [(names[0], believed)])
        was_in, believed = believed, states[0][1] & ~scard.SCARD_STATE_CHANGED
        if (was_in ^ believed) & scard.SCARD_STATE_PRESENT:
            loop.call_soon_threadsafe(news.put_nowait, bool(believed & scard.SCARD_STATE_PRESENT))


async def serve() -> None:
    news: asyncio.Queue[bool] = asyncio.Queue()

    async def events(request: web.Request) -> web.StreamResponse:
        stream = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await stream.prepare(request)
        while True:
            is_in = await news.get()
            await stream.write(f"data: {json.dumps(is_in)}\n\n".encode())

    app = web.Application()
    app.router.add_get("/", events)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    threading.Thread(target=watch, args=(asyncio.get_running_loop(), news), daemon=True).start()
    host, port = runner.addresses[0]
    sys.stdout.write(json.dumps({"url": f"http://{host}:{port}/"}) + "\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    asyncio.run(serve())
