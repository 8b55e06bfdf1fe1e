"""The training rooms as a service of the real box: one child process, with all that belongs to it in one folder."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import aiohttp
import msgspec

from visitbridge.domain.people import BoxRole
from visitbridge.errors import DeviceError, TrainingClosed
from visitbridge.ports.clock import Clock
from visitbridge.ports.training import RoomsAddress, RoomsPhase
from visitbridge.sim.lab.child import Child
from visitbridge.sim.training.admissions import Admitted, Visitor
from visitbridge.sim.training.places import DESK

log = logging.getLogger(__name__)

_MODULE: Final = "visitbridge.sim.training"
_KEPT = "kept"
_START_S = 240.0
_STOP_S = 10.0
_ASK_S = 30.0
_OF_THE_BOX: Final = frozenset(
    {
        "CREDENTIALS_DIRECTORY",
        "LISTEN_FDNAMES",
        "LISTEN_FDS",
        "LISTEN_PID",
        "NOTIFY_SOCKET",
        "WATCHDOG_PID",
        "WATCHDOG_USEC",
    }
)
"""What systemd gave to the box alone: the rooms get neither its keys nor its sockets, and speak for it to nobody."""

AnswerT = TypeVar("AnswerT")


class TrainingHouse:
    """Implements ``ports.training.TrainingRooms``. ``folder`` is emptied whenever the rooms close, unless kept.

    ``idle_s``: rooms that nobody uses for this long close by themselves.
    """

    name = "training"
    critical = False

    def __init__(self, folder: Path, clock: Clock, *, idle_s: float) -> None:
        self._folder = folder
        self._clock = clock
        self._idle_s = idle_s
        self._wanted = asyncio.Event()
        self._unwanted = asyncio.Event()
        self._keep = False
        self._used_s = 0.0
        self.phase = RoomsPhase.CLOSED
        self.has_failed = False
        self.address: RoomsAddress | None = None

    def open(self) -> None:
        if self.phase is RoomsPhase.CLOSED:
            self.phase = RoomsPhase.OPENING
            self.has_failed = False
            self._keep = False
            self._unwanted.clear()
            self._wanted.set()

    def close(self, *, keep: bool) -> None:
        if self.phase in {RoomsPhase.OPENING, RoomsPhase.OPEN}:
            self.phase = RoomsPhase.CLOSING
            self._keep = keep
            self._unwanted.set()

    def note_use(self) -> None:
        self._used_s = self._clock.monotonic()

    async def admit(self, phone_id: str, name: str, role: BoxRole) -> str:
        visitor = Visitor(phone_id=phone_id, name=name, role=role)
        self.note_use()
        return (await self._ask("/phones", visitor, Admitted)).session

    async def run(self, ready: Callable[[], None]) -> None:
        ready()
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                await self._serve()
            finally:
                self.address = None
                self.phase = RoomsPhase.CLOSED

    async def _serve(self) -> None:
        """Open the rooms, and close them when nobody wants them any more."""
        await asyncio.to_thread(self._make_ready)
        child = Child(
            _MODULE,
            ["--dir", str(self._folder)],
            log_path=self._folder / "rooms.log",
            without=_OF_THE_BOX,
        )
        opening = asyncio.create_task(self._open(child), name="training opens")
        unwanted = asyncio.create_task(self._unwanted.wait(), name="training unwanted")
        try:
            await asyncio.wait({opening, unwanted}, return_when=asyncio.FIRST_COMPLETED)
            if opening.done():
                opening.result()
                await self._until_over(child, unwanted)
        except DeviceError:
            # What the rooms said about it is in their own log; this one is for the box's work.
            log.warning("the training rooms ended by themselves")
            self.has_failed = True
        finally:
            self.phase = RoomsPhase.CLOSING
            self.address = None
            for task in (opening, unwanted):
                task.cancel()
            await asyncio.wait({opening, unwanted})
            await child.stop(within_s=_STOP_S)
            await asyncio.to_thread(self._leave)

    def _make_ready(self) -> None:
        """An empty folder, unless its content was kept on purpose: not what a power cut left behind."""
        kept = self._folder / _KEPT
        if self._folder.exists() and not kept.exists():
            shutil.rmtree(self._folder)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept.unlink(missing_ok=True)

    def _leave(self) -> None:
        if self._keep:
            (self._folder / _KEPT).touch(mode=0o600)
        else:
            shutil.rmtree(self._folder)

    async def _open(self, child: Child) -> None:
        facts = await child.start(within_s=_START_S)
        ca_pem = await asyncio.to_thread(Path(str(facts["ca_file"])).read_text, "ascii")
        self.address = RoomsAddress(url=str(facts["url"]), ca_pem=ca_pem)
        self.note_use()
        if self.phase is RoomsPhase.OPENING:
            self.phase = RoomsPhase.OPEN

    async def _until_over(self, child: Child, unwanted: asyncio.Task[bool]) -> None:
        """Raises DeviceError when the rooms end by themselves."""
        trouble = asyncio.create_task(child.wait_trouble(), name="training trouble")
        idle = asyncio.create_task(self._wait_idle(), name="training idle")
        try:
            await asyncio.wait({trouble, idle, unwanted}, return_when=asyncio.FIRST_COMPLETED)
            if trouble.done():
                raise DeviceError("the training rooms ended")
        finally:
            for task in (trouble, idle):
                task.cancel()
            await asyncio.wait({trouble, idle})

    async def _wait_idle(self) -> None:
        while (until_s := self._used_s + self._idle_s) > self._clock.monotonic():
            await self._clock.wait_until(until_s)

    async def _ask(self, path: str, order: msgspec.Struct, answer_type: type[AnswerT]) -> AnswerT:
        if self.phase is not RoomsPhase.OPEN:
            raise TrainingClosed("the training rooms are not open")
        try:
            async with (
                aiohttp.ClientSession(
                    connector=aiohttp.UnixConnector(str(self._folder / DESK)),
                    timeout=aiohttp.ClientTimeout(total=_ASK_S),
                ) as session,
                session.post(f"http://desk{path}", data=msgspec.json.encode(order)) as answer,
            ):
                if answer.status != 200:
                    raise DeviceError("the training rooms refused")
                return msgspec.json.decode(await answer.read(), type=answer_type)
        except (aiohttp.ClientError, TimeoutError, msgspec.DecodeError) as exc:
            raise DeviceError("the training rooms do not answer") from exc
