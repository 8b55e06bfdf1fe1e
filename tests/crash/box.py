"""The box under the hammer: the program's own composition in a process that can be killed at any edge.

It does what it is told over a socket and tells of every edge of every step, where it waits. Only the time that
jobs wait for is not real: it leaps while there is nothing to do.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from tests.crash.words import (
    Begin,
    Bind,
    Go,
    HarnessSays,
    Job,
    Kind,
    Point,
    Quiet,
    Repeat,
    Retry,
    Saved,
    SignIn,
    Spec,
    Stop,
    Tell,
    Told,
    Word,
    encode,
    ordered,
)
from visitbridge import RELEASED_AT
from visitbridge.adapters.keys import KeyRing
from visitbridge.adapters.system_clock import SystemClock
from visitbridge.app.options import Options
from visitbridge.app.parts import Parts
from visitbridge.app.readers import open_readers
from visitbridge.app.services import open_parts
from visitbridge.config import Config
from visitbridge.config.sections import (
    BoxSection,
    DataCentreSection,
    OutboxSection,
    PolicySection,
    ReadersSection,
)
from visitbridge.domain.ids import new_id
from visitbridge.domain.job_states import Path as JobPath
from visitbridge.domain.jobs import JobState
from visitbridge.domain.visit import Diagnosis, FinishMode, Order, OrderKind, Visit, VisitContent
from visitbridge.errors import CardError, LinkError
from visitbridge.ports.store import Transaction
from visitbridge.protocols.datacentre.uploads import UploadKind
from visitbridge.runtime.supervisor import Supervisor
from visitbridge.services.outbox.kinds import JobKind
from visitbridge.services.outbox.steps import StepPoint
from visitbridge.services.visits.plan import plan_jobs

PHONE = "phone-1"
PATIENT_READER, STAFF_READER = "virtual-1", "virtual-2"
LAB_PIN = b"123456"
CONTENT = VisitContent(
    subjective="測試",
    diagnoses=(Diagnosis(code="I10", name_zh="本態性高血壓"),),
    orders=(
        Order(kind=OrderKind.DRUG, code="TEST000001", dose=1, frequency="QD", route="PO", days=7, total=7),
    ),
)

_TICK_S = 0.005
_BUSY_LEAP_S = 0.1
_REFUSED_LEAP_S = 1.0
_EVERYTHING = 1_000_000


class LeapClock(SystemClock):
    """Monotonic time that also leaps when told to. Wall time stays the machine's, as the portal's does."""

    def __init__(self) -> None:
        super().__init__(floor=RELEASED_AT)
        self._ahead_s = 0.0
        self._leapt = asyncio.Event()

    def monotonic(self) -> float:
        return super().monotonic() + self._ahead_s

    def leap(self, seconds: float) -> None:
        self._ahead_s += seconds
        self._leapt.set()
        self._leapt = asyncio.Event()

    async def wait_until(self, monotonic_s: float) -> None:
        while self.monotonic() < monotonic_s:
            await self._leapt.wait()


class Wire:
    """One word at a time, each answered before the next."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._turn = asyncio.Lock()
        self.is_heard = True

    async def say(self, word: Word) -> HarnessSays:
        """Raises ConnectionError when nobody listens any more."""
        async with self.turn():
            return await self.exchange(word)

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        async with self._turn:
            self.is_heard = False
            try:
                yield
            finally:
                self.is_heard = True

    async def exchange(self, word: Word) -> HarnessSays:
        """Within a :meth:`turn`."""
        self._writer.write(encode(word))
        await self._writer.drain()
        line = await self._reader.readline()
        if not line:
            raise ConnectionError("nobody listens any more")
        return ordered(line)

    async def pass_point(self, point: StepPoint) -> None:
        """The step hook."""
        await self.say(Point(kind=point.kind, step=point.step, edge=point.edge))


class Box:
    def __init__(self, parts: Parts, clock: LeapClock, wire: Wire) -> None:
        self._parts = parts
        self._clock = clock
        self._wire = wire
        self._last: Visit | None = None

    async def obey(self) -> None:
        """Tell whenever nothing is left to do, and do what the answer says, until told to stop."""
        while True:
            if not self._wire.is_heard:
                await asyncio.sleep(_TICK_S)
            elif not await self._is_quiet():
                self._clock.leap(_BUSY_LEAP_S)
            else:
                async with self._wire.turn():
                    order = await self._wire.exchange(self._quiet())
                    if isinstance(order, Stop):
                        return
                    try:
                        await self._carry_out(order)
                    except (LinkError, CardError):
                        # A person who is refused, for want of link or card, tries again a little later.
                        self._clock.leap(_REFUSED_LEAP_S)
                await asyncio.sleep(_TICK_S)

    async def _is_quiet(self) -> bool:
        try:
            async with asyncio.timeout(_TICK_S):
                await self._parts.outbox.wait_quiet()
        except TimeoutError:
            return False
        return True

    def _quiet(self) -> Quiet:
        parts = self._parts
        return Quiet(
            open_jobs=len(parts.outbox.desk.items()),
            stuck=tuple(view.job_id for view in parts.outbox.desk.items() if view.needs_person),
            cards=tuple(card.kind for card in parts.cards.present()),
            is_ready=parts.binding.sam_is_verified() and bool(parts.staff.sessions()),
            waiting=f"link {parts.board.snapshot()['link']}; "
            + "; ".join(
                f"{view.kind} {view.state} {view.error.code if view.error else ''} "
                f"{[reason.code for reason in view.waiting_for]}"
                for view in parts.outbox.desk.items()[:8]
            ),
        )

    async def _carry_out(self, order: HarnessSays) -> None:
        match order:
            case Go():
                self._clock.leap(order.leap_s)
            case Bind():
                await self._parts.binding.bind(order.ticket, order.pin, "crash")
                await self._parts.binding.verify_sam()
            case SignIn():
                await self._parts.staff.sign_in(STAFF_READER, bytearray(LAB_PIN), PHONE)
            case Begin():
                await self._begin(order)
            case Repeat():
                await self._repeat(order)
            case Retry():
                for job_id in order.job_ids:
                    await self._parts.outbox.desk.retry(job_id)
            case Tell():
                await self._wire.exchange(await self._tell())
            case Stop():
                raise AssertionError("a stop is not carried out")

    async def _begin(self, order: Begin) -> None:
        """A visit from the card to 完成看診, and what comes on top of it; durable before it is called saved."""
        kind = self._parts.kinds[order.kind]
        offline = kind.path is not JobPath.CARD
        desk = self._parts.visits
        draft = await desk.start(PATIENT_READER, PHONE, offline=offline)
        saved = await desk.drafts.save(draft.visit_id, draft.revision, CONTENT, PHONE)
        mode = FinishMode.UPLOAD_IC if offline else FinishMode.WRITE_CARD
        view = await desk.finish(saved.visit_id, saved.revision, mode, PHONE)
        if kind.name not in {job.kind for job in view.jobs}:
            await self._add(view.visit, kind, order.payload)
        self._last = view.visit
        await self._wire.exchange(Saved(visit_ids=(view.visit.visit_id,)))

    async def _add(self, visit: Visit, kind: JobKind, payload: str) -> None:
        """A job that no visit leads to by itself."""
        body = payload.encode() if kind.path is JobPath.UPLOAD and kind.build is None else b""
        job = kind.new_job(visit, self._clock.now(), payload=body)
        await self._parts.store.write(lambda tx: tx.jobs.add(job))
        self._parts.outbox.desk.accept(visit, (job,))

    async def _repeat(self, order: Repeat) -> None:
        """As many commits as visits, side by side, each as ``finish`` makes it."""
        last = self._last
        if last is None:
            raise AssertionError("nothing to repeat")
        visits = [
            msgspec.structs.replace(
                last,
                visit_id=new_id(self._clock.now()),
                revision=1,
                visit_at=last.visit_at - dt.timedelta(seconds=order.back_s + number),
            )
            for number in range(order.count)
        ]
        async with asyncio.TaskGroup() as group:
            for visit in visits:
                group.create_task(self._accept(visit))
        await self._wire.exchange(Saved(visit_ids=tuple(visit.visit_id for visit in visits)))

    async def _accept(self, visit: Visit) -> None:
        jobs = plan_jobs(visit, self._parts.kinds, self._clock.now(), make_up_write=False)

        def work(tx: Transaction) -> None:
            tx.visits.put(visit)
            for job in jobs:
                tx.jobs.add(job)

        await self._parts.store.write(work)
        self._parts.outbox.desk.accept(visit, jobs)

    async def _tell(self) -> Told:
        rows = await self._parts.store.read(lambda tx: tx.jobs.in_states(tuple(JobState), limit=_EVERYTHING))
        kinds = self._parts.kinds
        return Told(
            jobs=tuple(
                Job(
                    kind=row.kind,
                    visit_id=row.visit_id,
                    state=row.state,
                    error_code=row.error_code,
                    receipt_kind=kinds[row.kind].receipt_kind,
                )
                for row in rows
            ),
            kinds=tuple(
                Kind(
                    name=kind.name,
                    path=kind.path,
                    route=_route(kind),
                    steps=tuple(step.step for step in self._parts.outbox.steps() if step.kind == kind.name),
                )
                for kind in kinds
            ),
        )


def _route(kind: JobKind) -> str:
    """The request that decides about a job of this kind, as the portal's faults name it."""
    match kind.path:
        case JobPath.CARD:
            return "POST /cards/sessions"
        case JobPath.QUERY:
            return "POST /eligibility"
        case JobPath.UPLOAD:
            return f"POST {UploadKind(kind.receipt_kind).path}"


async def live(spec: Spec) -> None:
    """One life of the box. Returns when told to stop."""
    wire = Wire(*await asyncio.open_unix_connection(spec.socket))
    clock = LeapClock()
    config, options = _config(spec), Options(allow_virtual=True)
    ring = KeyRing(config.box.state_dir, bytes(32))
    key = ring.open_by_machine() if ring.exists else ring.create()
    assert key is not None
    async with (
        open_readers(config.readers, options, clock) as sources,
        open_parts(config, options, clock, key, sources, ring=ring, hook=wire.pass_point) as parts,
    ):
        started = asyncio.Event()
        running = asyncio.create_task(Supervisor(parts.running, clock).run(started.set))
        obeying = asyncio.create_task(_obey_once(started, Box(parts, clock, wire)))
        try:
            await asyncio.wait({running, obeying}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            running.cancel()
            obeying.cancel()
            await asyncio.wait({running, obeying})
        for task in (running, obeying):
            if not task.cancelled():
                task.result()


async def _obey_once(started: asyncio.Event, box: Box) -> None:
    await started.wait()
    await box.obey()


def _config(spec: Spec) -> Config:
    return Config(
        box=BoxSection(state_dir=Path(spec.state_dir), runtime_dir=Path(spec.state_dir)),
        datacentre=DataCentreSection(
            connect=f"127.0.0.1:{spec.portal_port}", answer_timeout_s=spec.answer_timeout_s
        ),
        readers=ReadersSection(pcsc=False, socket=spec.readers),
        policy=PolicySection(staff_ends_at_midnight=False),
        outbox=OutboxSection(concurrency=spec.concurrency),
    )
