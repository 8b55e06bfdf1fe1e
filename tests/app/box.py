"""The whole gateway in this process, on a free port, bound to nothing, with one virtual reader."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec

from tests.patience import PATIENCE_S
from visitbridge.adapters.presence_file import FILE_NAME
from visitbridge.adapters.systemd import NoNotifier, Notifier
from visitbridge.api.dispatch import COOKIE
from visitbridge.app import Options, Ready, run_gateway
from visitbridge.config import (
    BoxSection,
    Config,
    HttpSection,
    LabSection,
    ReadersSection,
    StoreSection,
)
from visitbridge.services.presence import ShownQuestion


def config_for(folder: Path, *, webui: Path | None = None, lab: Path | None = None) -> Config:
    return Config(
        box=BoxSection(name="測試盒", state_dir=folder / "state", runtime_dir=folder / "run"),
        http=HttpSection(port=0, webui_dir=webui or small_webui(folder)),
        readers=ReadersSection(pcsc=False),
        store=StoreSection(key_file=folder / "store.key"),
        lab=LabSection(control=lab),
    )


def small_webui(folder: Path) -> Path:
    """A web UI of one page, so that these tests do not depend on the real one."""
    webui = folder / "webui"
    webui.mkdir(exist_ok=True)
    (webui / "index.html").write_text("<!doctype html><title>test</title>", "utf-8")
    return webui


@dataclass(slots=True, kw_only=True)
class RunningBox:
    """A paired phone's view of a running box."""

    http: aiohttp.ClientSession
    ready: Ready
    later: asyncio.Queue[Ready] = field(default_factory=asyncio.Queue)
    presence_file: Path
    cookie: str = ""

    async def wait_next(self) -> None:
        """Until the same process serves in another state: opened, or erased. Its certificate may be another then."""
        self.ready = await asyncio.wait_for(self.later.get(), PATIENCE_S)

    @property
    def origin(self) -> str:
        return self.ready.url.rstrip("/")

    async def ask(self, method: str, path: str, **given: Any) -> tuple[int, Any]:
        """Status and decoded body."""
        headers = {"Origin": self.origin} | given.pop("headers", {})
        if self.cookie:
            headers = {"Cookie": f"{COOKIE}={self.cookie}"} | headers
        async with self.http.request(method, f"{self.origin}{path}", headers=headers, **given) as answer:
            is_json = answer.content_type == "application/json" and answer.status != 204
            return answer.status, await answer.json() if is_json else await answer.read()

    async def pair(self) -> None:
        """As a person does: open the link, name the phone, type the code that the box shows."""
        token = urlsplit(self.ready.pair_url).fragment
        _, asked = await self.ask("POST", "/api/pair", json={"token": token, "name": "測試手機"})
        (shown,) = msgspec.json.decode(self.presence_file.read_bytes(), type=tuple[ShownQuestion, ...])
        async with self.http.post(
            f"{self.origin}/api/pair/confirm",
            json={"request": asked["request"], "code": shown.code},
            headers={"Origin": self.origin},
        ) as answer:
            assert answer.status == 201
            self.cookie = answer.cookies[COOKIE].value

    async def prove(self) -> None:
        """Show the box's code on this phone, as who decides about others has to."""
        _, asked = await self.ask("POST", "/api/phone/ask", json={})
        (shown,) = msgspec.json.decode(self.presence_file.read_bytes(), type=tuple[ShownQuestion, ...])
        async with self.http.post(
            f"{self.origin}/api/phone/open",
            json={"request": asked["request"], "code": shown.code},
            headers={"Origin": self.origin, "Cookie": f"{COOKIE}={self.cookie}"},
        ) as answer:
            assert answer.status == 204
            self.cookie = answer.cookies[COOKIE].value


@contextlib.asynccontextmanager
async def running_box(
    config: Config, *, credentials: Path | None = None, notifier: Notifier | None = None
) -> AsyncIterator[RunningBox]:
    stop = asyncio.Event()
    announced: asyncio.Queue[Ready] = asyncio.Queue()
    task = asyncio.create_task(
        run_gateway(
            config,
            Options(allow_virtual=True, credentials_dir=credentials),
            notifier=notifier or NoNotifier(),
            stop=stop,
            announce=lambda describe: announced.put_nowait(describe()),
        )
    )
    try:
        first = asyncio.create_task(announced.get())
        waits: set[asyncio.Future[Any]] = {task, first}
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            first.cancel()
            await task
        ready = await first
        connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=ready.ca_file))
        async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as http:
            yield RunningBox(
                http=http, ready=ready, later=announced, presence_file=config.box.runtime_dir / FILE_NAME
            )
    finally:
        stop.set()
        await asyncio.wait({task})
    await task
