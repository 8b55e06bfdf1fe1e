"""The whole daemon with a modem on a pseudo-terminal, and a VPN that carries traffic exactly while that modem does."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from tests.app.box import RunningBox, config_for, running_box
from tests.patience import PATIENCE_S
from tests.vpnportal.portal import RunningPortal, open_running_portal
from visitbridge.config import Config, DataCentreSection, LinkSection, ModemSection
from visitbridge.protocols.datacentre.device import BindTicket, encode_ticket
from visitbridge.services.environment import EnvironmentReport
from visitbridge.services.environment.wording import words_of
from visitbridge.sim.modem import ModemSetup, VirtualModem
from visitbridge.sim.relay import Line, Relay, open_relay
from visitbridge.words import LANGUAGES, load_catalogue

PACE = 0.02
MODEM = ModemSection(profile="sim7600", apn="vpn.example", recovery_pace=PACE)
# Where it matters which rung helped: each has seconds to do so, also on a machine with much else to do.
UNHURRIED = msgspec.structs.replace(MODEM, recovery_pace=0.06)
# Where no rung may be climbed: what the box needs to be well again comes long before the first is due.
PATIENT = msgspec.structs.replace(MODEM, recovery_pace=0.5)
DISTURBING = ("AT+CGATT=0", "AT+CFUN=0", "AT+CFUN=1,1")
WORDS = load_catalogue().texts(LANGUAGES[0])


class Road:
    """A box on the road: its phone's view, its modem, its line. :meth:`start` and :meth:`stop` are its lives."""

    def __init__(
        self, folder: Path, portal: RunningPortal, relay: Relay, virtual: VirtualModem, modem: ModemSection
    ) -> None:
        self.virtual = virtual
        self._folder = folder
        self._portal = portal
        self._relay = relay
        self._config = _config(folder, relay, virtual.link, modem)
        self._life = AsyncExitStack()
        self._box: RunningBox | None = None

    @property
    def box(self) -> RunningBox:
        assert self._box is not None
        return self._box

    @property
    def disturbances(self) -> list[str]:
        """Commands received that take the link down."""
        return [line for line in self.virtual.commands if line in DISTURBING]

    @property
    def pins_sent(self) -> list[str]:
        return [line for line in self.virtual.commands if line.startswith('AT+CPIN="')]

    def follow(self) -> None:
        self._relay.set_line(Line.UP if self.virtual.carries_traffic else Line.DOWN)

    async def start(self, secrets: Mapping[str, str] | None = None) -> None:
        """``secrets``: the box's systemd credentials in this life."""
        credentials = self._folder / "credentials"
        credentials.mkdir(exist_ok=True)
        for name, secret in (secrets or {}).items():
            (credentials / name).write_text(secret, "utf-8")
        self._box = await self._life.enter_async_context(running_box(self._config, credentials=credentials))
        await self._box.pair()

    async def stop(self) -> None:
        await self._life.aclose()

    async def bind(self) -> None:
        issued = self._portal.issue_ticket()
        ticket = BindTicket(url=self._portal.url, token=issued.token, ca_pem=self._portal.ca_pem)
        body = {"ticket": encode_ticket(ticket), "pin": issued.pin, "name": "路上的盒子"}
        status, answer = await self.box.ask("POST", "/api/box/binding", json=body)
        assert status == 200, answer

    async def link(self) -> dict[str, Any]:
        _, state = await self.box.ask("GET", "/api/state")
        link: dict[str, Any] = state["link"]
        return link

    async def until(
        self, wanted: Callable[[dict[str, Any]], bool], *, within_s: float = PATIENCE_S
    ) -> dict[str, Any]:
        """The first state of the link that is as wanted."""
        deadline_s = time.monotonic() + within_s
        link = await self.link()
        for _ in range(100_000):
            if wanted(link):
                return link
            if time.monotonic() > deadline_s:
                break
            await asyncio.sleep(0.02)
            link = await self.link()
        raise AssertionError(f"the link stayed {link}; commands {self.virtual.commands[-12:]}")

    async def until_up(self) -> None:
        await self.until(lambda link: link["link"] != "down")

    async def until_down(self, hop: str, words: str) -> None:
        """``words``: what the status page says of it, from its beginning."""
        link = await self.until(lambda link: (link["link"], link["hop"]) == ("down", hop))
        said = WORDS[f"ui.hop.{link['hop']}"]
        assert said.startswith(words), said

    async def verdict(self) -> tuple[str, str]:
        """What 環境檢測 and ``visitbridge doctor`` say of the first item that failed, and what to do about it."""
        _, body = await self.box.ask("GET", "/api/environment")
        report = msgspec.convert(body, EnvironmentReport)
        return words_of(next(check for check in report.items if check.state == "fail"), WORDS)


def _config(folder: Path, relay: Relay, link: Path, modem: ModemSection) -> Config:
    return msgspec.structs.replace(
        config_for(folder),
        datacentre=DataCentreSection(connect=f"127.0.0.1:{relay.port}", answer_timeout_s=2.0),
        link=LinkSection(good_after_s=0.3, good_successes=2, unstable_window_s=0.5),
        modem=msgspec.structs.replace(modem, port=link),
    )


@asynccontextmanager
async def open_road(
    folder: Path,
    setup: ModemSetup | None = None,
    *,
    modem: ModemSection = MODEM,
    secrets: Mapping[str, str] | None = None,
    bound: bool = True,
) -> AsyncIterator[Road]:
    """A box that runs, bound with its link up; with ``bound`` False as it comes out of its carton."""
    async with (
        open_running_portal(folder / "portal") as portal,
        open_relay("127.0.0.1", urlsplit(portal.url).port or 0) as relay,
    ):
        relay.set_line(Line.DOWN)
        roads: list[Road] = []

        def follow() -> None:
            for road in roads:
                road.follow()

        virtual = VirtualModem(folder / "modem-at", setup or ModemSetup(), on_change=follow)
        road = Road(folder, portal, relay, virtual, modem)
        roads.append(road)
        async with virtual.open():
            try:
                await road.start(secrets)
                if bound:
                    await road.until(lambda _: virtual.carries_traffic)
                    await road.bind()
                    await road.until_up()
                yield road
            finally:
                await road.stop()


@asynccontextmanager
async def open_switch(act: Callable[[], None]) -> AsyncIterator[tuple[str, ...]]:
    """A command that runs ``act`` here and ends after it, as a hook that throws a switch would."""

    async def throw(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        act()
        writer.close()

    server = await asyncio.start_server(throw, "127.0.0.1")
    async with server:
        port = server.sockets[0].getsockname()[1]
        script = f"import socket; socket.create_connection(('127.0.0.1', {port})).recv(1)"
        yield (sys.executable, "-I", "-S", "-c", script)
