"""A box whose program was installed from its package and started by systemd, with a day's work around it.

The guest is the box and nothing else. The data centre, the line to it, the cards and the phone live on this side, as they do
in the world: they are still there, and remember, when the box loses its power.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult

from tests.scenario.day import Day, Json
from tests.vm.cards import HostSlot
from tests.vm.guest import Done, Guest, Image
from tests.vm.network import UP, Ports, network_devices
from tests.vm.readers import COUNT, usb_readers
from visitbridge.sim.lab.cards import CardTable
from visitbridge.sim.lab.client import LabClient, PhoneClient, open_lab_client
from visitbridge.sim.lab.control import Control, Programs, open_control
from visitbridge.sim.lab.gateway import GatewayFacts
from visitbridge.sim.lab.places import Places, held_places
from visitbridge.sim.lab.portal import Portal
from visitbridge.sim.lab.slots import free_ports
from visitbridge.sim.relay import open_relay

NAME = "visitbridge.local"
"""What phones call the box."""

UNIT = "visitbridge.service"
START_S = 400.0
"""Starting the program takes 2 s on a real machine, and one to three minutes on an emulated one that shares two cores."""

_ANSWER_S = 240.0
_READY = "/run/visitbridge/ready.json"
_SHOWN = "/run/visitbridge/presence.json"
_CA = "/var/lib/visitbridge/tls/ca.pem"
_PHONE = "測試手機"


class Box(Day):
    """Use :func:`open_box`. ``guest`` blocks, and the cards and the line answer from this event loop, so commands go
    through :meth:`inside`.
    """

    def __init__(
        self, phone: PhoneClient, lab: LabClient, places: Places, machine: Machine, ports: Ports
    ) -> None:
        super().__init__(phone, lab, places, GatewayFacts(url=f"https://{NAME}", ca_file=""))
        self.machine = machine
        self.plain_url = f"http://127.0.0.1:{ports.http}/"

    async def inside(self, *command: str, within_s: float = 120.0) -> str:
        """Standard output of a command in the guest that has to succeed."""
        return await self.machine.inside(*command, within_s=within_s)

    async def until(
        self, path: str, condition: Callable[[Json], object], *, within_s: float = _ANSWER_S
    ) -> Json:
        """As a day's, with an emulated processor's patience."""
        return await super().until(path, condition, within_s=within_s)

    async def wait_open(self) -> None:
        """Return when the phone may go on. After a restart of the machine nobody can tell how long it lay there, so that it is
        locked, until the data centre told what time it is (decision 0020).
        """
        await self.until("/api/state", lambda state: state["phone"]["state"] == "open")


class Machine:
    """The guest's power, and what is plugged into it."""

    def __init__(self, guest: Guest, slots: tuple[HostSlot, ...]) -> None:
        self.guest = guest
        self.slots = slots
        self._plugged = contextlib.AsyncExitStack()

    async def switch_on(self) -> None:
        """Return when the gateway serves."""
        await asyncio.to_thread(self.guest.boot, within_s=START_S)
        for slot in self.slots:
            await self._plugged.enter_async_context(slot.powered())
        # Commands can be run before udev has named the interfaces.
        for command in UP:
            await asyncio.to_thread(self.guest.until, *command)
        await self.wait_ready()

    async def wait_ready(self) -> None:
        """Return when systemd was told that the gateway is ready; start it if nobody did."""
        # Waits for the start that is under way, if there is one.
        await self.inside("systemctl", "start", UNIT, within_s=START_S)

    async def cut_power(self) -> None:
        """Off at once, cards left where they are."""
        await asyncio.to_thread(self.guest.cut_power)
        with contextlib.suppress(ConnectionError):
            await self._plugged.aclose()

    async def inside(self, *command: str, within_s: float = 120.0) -> str:
        return await asyncio.to_thread(self.guest.run, *command, within_s=within_s)

    async def attempt(self, *command: str, within_s: float = 120.0) -> Done:
        """A command in the guest that may fail."""
        return await asyncio.to_thread(self.guest.attempt, *command, within_s=within_s)


class _ToGuest(AbstractResolver):
    """Every name is the box, at the port of this machine that leads there."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host="127.0.0.1", port=self._port, family=family, proto=0, flags=0)
        ]

    async def close(self) -> None: ...


@contextlib.asynccontextmanager
async def open_machine(image: Image, folder: Path, ports: Ports, kind: type[Guest]) -> AsyncIterator[Machine]:
    """A machine with readers and networks, not switched on yet; off at the end."""
    slots = tuple(HostSlot(folder, number) for number in range(1, COUNT + 1))
    machine = Machine(kind(image, folder, (*network_devices(ports), *usb_readers(folder))), slots)
    try:
        yield machine
    finally:
        await machine.cut_power()


@contextlib.asynccontextmanager
async def open_box(image: Image, kind: type[Guest] = Guest) -> AsyncIterator[Box]:
    """A box that is on, paired and bound."""
    async with contextlib.AsyncExitStack() as stack:
        # Sockets lie in it, so its name is short.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vb-box-")))
        places = stack.enter_context(held_places(folder / "lab"))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        portal = Portal(places, session)
        stack.push_async_callback(portal.child.stop)
        relay = await stack.enter_async_context(open_relay("127.0.0.1", await portal.start()))
        https, http = free_ports(2)
        ports = Ports(https=https, http=http, datacentre=relay.port)
        machine = await stack.enter_async_context(open_machine(image, folder, ports, kind))
        await asyncio.gather(machine.switch_on(), portal.seed(None))
        phone = await _paired_phone(stack, machine, https)
        control = Control(
            cards=CardTable({slot.reader_id: slot for slot in machine.slots}, places.cards),
            bluetooth=None,
            relay=relay,
            portal=portal,
            programs=Programs(acts={}, gateway=lambda: GatewayFacts(url="", ca_file=""), pair_url=_no_link),
            public_url=f"https://127.0.0.1:{relay.port}",
        )
        await stack.enter_async_context(open_control(control, places.control))
        lab = await stack.enter_async_context(open_lab_client(places.root))
        box = Box(phone, lab, places, machine, ports)
        await box.begin()
        yield box


async def _paired_phone(stack: contextlib.AsyncExitStack, machine: Machine, port: int) -> PhoneClient:
    """As a person does it who reads the code that the box shows."""
    trust = ssl.create_default_context(cadata=await machine.inside("cat", _CA))
    connector = aiohttp.TCPConnector(ssl=trust, resolver=_ToGuest(port))
    timeout = aiohttp.ClientTimeout(total=_ANSWER_S)
    session = await stack.enter_async_context(
        aiohttp.ClientSession(connector=connector, timeout=timeout, middlewares=(_order_once,))
    )
    phone = PhoneClient(session, f"https://{NAME}", "")
    ready = msgspec.json.decode(await machine.inside("cat", _READY))
    token = ready["pair_url"].partition("#")[2]
    asked = await phone.call("POST", "/api/pair", {"token": token, "name": _PHONE})
    shown = msgspec.json.decode(await machine.inside("cat", _SHOWN))
    await phone.call("POST", "/api/pair/confirm", {"request": asked["request"], "code": shown[-1]["code"]})
    return phone


async def _order_once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """A change whose answer is lost is lost. aiohttp would order it again, and systemd keeps the port open while the box is gone:
    who saves without a pause would never hear that it was.
    """
    try:
        return await handler(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as exc:
        if request.method != "PUT":
            raise
        raise aiohttp.ClientError(f"no answer: {exc}") from exc


async def _no_link() -> str:
    raise AssertionError("this lab's phone is paired already")
