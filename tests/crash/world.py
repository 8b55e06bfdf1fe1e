"""Everything around the box under the hammer: the real portal, the line to it, readers, cards; all of it can break."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
import msgspec

from tests.crash.words import Bind, BoxSays, Go, HarnessSays, Quiet, SignIn, Spec, Stop, encode, heard
from visitbridge.domain.people import BasicRecord, Sex
from visitbridge.errors import DeviceError
from visitbridge.sim.card import Pull, PulledCard, VirtualCard, build_card
from visitbridge.sim.card.nhi import NhiCard, NhiProfile
from visitbridge.sim.card.profiles import ATR_NHI_JCOP4
from visitbridge.sim.faults import Blow
from visitbridge.sim.lab.places import Places, held_places
from visitbridge.sim.lab.portal import Portal
from visitbridge.sim.lab.slots import Slots, open_slots
from visitbridge.sim.relay import Line, Relay, open_relay

ROOT = Path(__file__).parents[2]

Answer = Callable[[BoxSays, int], Awaitable[HarnessSays | None]]
"""What to tell the box with that process id; None kills it while it waits."""

_FOR_LONG = 1_000_000
_CONTROL_S = 20.0
_LONGEST_WORD = 1 << 26

_PORTAL_BLOWS = {
    Blow.LOSE_REPLY: "lose_reply",
    Blow.ERROR_500: "error_500",
    Blow.UNAVAILABLE_503: "unavailable_503",
    Blow.STALL: "stall",
}


class Patient(msgspec.Struct, frozen=True):
    """Somebody with a card of their own. ``folder`` keeps its memory. Neither number belongs to a real person."""

    number: int
    folder: Path

    @property
    def card_no(self) -> str:
        return f"9{self.number:011d}"

    @property
    def id_no(self) -> str:
        """In the form of a national id, with a check digit that is wrong."""
        digits = f"1{self.number:07d}"
        weighed = 1 + sum(int(digit) * weight for digit, weight in zip(digits, range(8, 0, -1), strict=True))
        return f"A{digits}{(11 - weighed % 10) % 10}"

    @property
    def memory_file(self) -> Path:
        return self.folder / f"patient-{self.card_no}.json"

    def card(self) -> VirtualCard:
        """The card with the memory it has now."""
        return NhiCard(
            NhiProfile(
                card_id=f"patient-{self.card_no}",
                atr=ATR_NHI_JCOP4,
                basic=BasicRecord(
                    card_no=self.card_no,
                    name="王測試",
                    name_big5="王測試".encode("cp950").hex().upper(),
                    id_no=self.id_no,
                    birth_date=dt.date(1941, 3, 8),
                    sex=Sex.MALE,
                    issued_date=dt.date(2020, 5, 1),
                ),
            ),
            self.folder,
        )


class HandledCard:
    """A card that can be made to leave its reader at one of the next commands (``sim.contacts.Contacts``)."""

    def __init__(self, card: VirtualCard) -> None:
        self._card = card
        self._face: VirtualCard | PulledCard = card

    def trip(self, pull: Pull) -> None:
        """``pull.nth`` counts from now."""
        self._face = PulledCard(self._card, pull)

    @property
    def atr(self) -> bytes:
        return self._card.atr

    def reset(self) -> None:
        self._face.reset()

    def execute(self, apdu: bytes) -> bytes:
        return self._face.execute(apdu)


class World:
    """Use :func:`open_world`."""

    def __init__(self, places: Places, portal: Portal, relay: Relay, slots: Slots, nursery: Nursery) -> None:
        self.places = places
        self._portal = portal
        self._relay = relay
        self._slots = slots
        self._nursery = nursery
        self._card: HandledCard | None = None
        self._patient: Patient | None = None
        self._spoiled = False
        self.calls: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
        self.patients = 0

    @property
    def portal_db(self) -> Path:
        return self.places.portal / "portal.db"

    @property
    def template(self) -> Path:
        """State of a box that is bound and signed in."""
        return self.places.box / "template"

    def new_patient(self, folder: Path) -> Patient:
        self.patients += 1
        return Patient(number=self.patients, folder=folder)

    async def insert(self, patient: Patient) -> None:
        """Put a patient's card into the first reader."""
        self._patient = patient
        self._card = HandledCard(patient.card())
        await self._slots.by_reader["virtual-1"].insert(self._card)

    async def insert_staff_card(self) -> None:
        await self._slots.by_reader["virtual-2"].insert(build_card("hpc-doctor", self.places.cards))

    async def pull(self) -> None:
        await self._slots.by_reader["virtual-1"].pull()

    def trip(self, pull: Pull) -> None:
        """Pull the patient's card at one of the next commands."""
        if self._card is not None:
            self._card.trip(pull)

    async def strike(self, blow: Blow, other: Patient) -> None:
        """Everything but the kill, which is the box's own affair."""
        match blow:
            case Blow.PULL:
                await self.pull()
            case Blow.SWAP:
                await self.insert(other)
            case Blow.CUT_LINK:
                self._relay.set_line(Line.DOWN)
            case Blow.KILL_PORTAL:
                await self._portal.child.kill()
            case Blow.KILL:
                raise ValueError("the box is killed by whoever talks to it")
            case _:
                await self.spoil({"route": "*", "fault": _PORTAL_BLOWS[blow], "times": _FOR_LONG})

    async def spoil(self, fault: dict[str, str | int]) -> None:
        """Give the portal an order to misbehave (``vpnportal.faults``)."""
        self._spoiled = True
        await self._portal.ask("POST", "/lab/faults", fault)

    async def mend(self, patient: Patient) -> None:
        """What people do: line, portal and card are as they should be."""
        self._relay.set_line(Line.UP)
        if self._portal.child.pid is None:
            self._relay.retarget("127.0.0.1", await self._portal.start())
            self._spoiled = False
        if self._spoiled:
            await self._portal.ask("DELETE", "/lab/faults")
            self._spoiled = False
        if self._patient != patient or self._slots.by_reader["virtual-1"].card is None:
            await self.insert(patient)

    def set_line(self, line: Line) -> None:
        self._relay.set_line(line)

    async def ticket(self) -> dict[str, str]:
        """QR-2 and the registration number."""
        found = await self._portal.ticket(f"https://127.0.0.1:{self._relay.port}")
        if found is None:
            raise DeviceError("the lab's device is bound already")
        return found

    async def take_call(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A box has come to life."""
        await self.calls.put((reader, writer))

    def new_box(self, name: str) -> Path:
        """The folder of a box that is bound and signed in."""
        folder = self.places.box / name
        shutil.copytree(self.template, folder)
        return folder

    async def live(
        self,
        box: Path,
        answer: Answer,
        *,
        concurrency: int = 1,
        answer_timeout_s: float = 0.5,
        life_s: float = 60.0,
    ) -> bool:
        """One life of a box; True when it was killed.

        Raises DeviceError when it ended otherwise than told, TimeoutError after ``life_s``.
        """
        spec = Spec(
            state_dir=str(box),
            socket=str(self.places.root / "box.sock"),
            portal_port=self._relay.port,
            readers=self._slots.socket_readers,
            answer_timeout_s=answer_timeout_s,
            concurrency=concurrency,
        )
        self._nursery.order(spec)
        pid = await self._nursery.pid()
        try:
            async with asyncio.timeout(life_s):
                killed = await self._converse(answer, pid)
        except BaseException:
            os.kill(pid, signal.SIGKILL)
            await self._nursery.status()
            raise
        status = await self._nursery.status()
        if not killed and status != 0:
            raise DeviceError(f"the box ended with status {status}; see {self.places.logs / 'nursery.log'}")
        return killed

    async def _converse(self, answer: Answer, pid: int) -> bool:
        reader, writer = await self.calls.get()
        try:
            while line := await reader.readline():
                order = await answer(heard(line), pid)
                if order is None:
                    os.kill(pid, signal.SIGKILL)
                    return True
                writer.write(encode(order))
                await writer.drain()
            return False
        finally:
            writer.close()


class Nursery:
    """See :mod:`tests.crash.nursery`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        if process.stdin is None or process.stdout is None:
            raise ValueError("a nursery is talked to over pipes")
        self._input, self._output = process.stdin, process.stdout

    def order(self, spec: Spec) -> None:
        self._input.write(msgspec.json.encode(spec) + b"\n")

    async def pid(self) -> int:
        return await self._number()

    async def status(self) -> int:
        """Wait status of the box, once it is over."""
        return await self._number()

    async def _number(self) -> int:
        line = await self._output.readline()
        if not line:
            raise DeviceError("the nursery is gone")
        return int(line)


@contextlib.asynccontextmanager
async def open_world(folder: Path) -> AsyncIterator[World]:
    """A portal with invented people, a line, two readers, and a box that is bound and signed in, as a template."""
    async with contextlib.AsyncExitStack() as stack:
        places = stack.enter_context(held_places(folder))
        session = await stack.enter_async_context(
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_CONTROL_S))
        )
        slots = await stack.enter_async_context(
            open_slots(use_pcscd=False, log_path=places.logs / "pcscd.log")
        )
        portal = Portal(places, session)
        stack.push_async_callback(portal.child.stop)
        port = await portal.start()
        await portal.seed(None)
        relay = await stack.enter_async_context(open_relay("127.0.0.1", port))
        nursery = await stack.enter_async_context(_open_nursery(places))
        world = World(places, portal, relay, slots, nursery)
        server = await asyncio.start_unix_server(
            world.take_call, places.root / "box.sock", limit=_LONGEST_WORD
        )
        stack.callback(server.close)
        await _make_template(world)
        yield world


@contextlib.asynccontextmanager
async def _open_nursery(places: Places) -> AsyncIterator[Nursery]:
    with (places.logs / "nursery.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.crash.nursery"),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
        )
    nursery = Nursery(process)
    try:
        yield nursery
    finally:
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()


async def _make_template(world: World) -> None:
    world.template.mkdir()
    ticket = await world.ticket()
    await world.insert_staff_card()
    orders: list[HarnessSays] = [Bind(ticket=ticket["ticket"], pin=ticket["pin"])]

    async def answer(word: BoxSays, _pid: int) -> HarnessSays:
        if not isinstance(word, Quiet):
            return Go()
        if orders:
            return orders.pop()
        if word.is_ready:
            return Stop()
        return SignIn() if "hpc" in word.cards else Go()

    await world.live(world.template, answer)
