"""Orders to erase and resets by hand, on a real store: nothing by one word, nothing unsent by accident (B11, Y09)."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.services.outbox.samples import INSTITUTION, visit
from visitbridge.domain.jobs import Job, JobState
from visitbridge.domain.visit import VisitState
from visitbridge.errors import FieldInvalid, LinkDown, WorkUnsent
from visitbridge.ports.store import Store, Transaction
from visitbridge.protocols.datacentre.erasure import EraseOrder, EraseReport, is_ordered_by
from visitbridge.services.binding import BoxRecord
from visitbridge.services.decommission import Decommission
from visitbridge.services.live import LiveBoard
from visitbridge.services.topics import ErasureTopic
from visitbridge.sim.clock import FakeClock

KEY = Ed25519PrivateKey.generate()
BOX = BoxRecord(sheet_id="sheet-1", name="測試盒", institution=INSTITUTION)
AT = dt.datetime(2026, 11, 23, 2, 0, tzinfo=dt.UTC)


class Institution:
    def __init__(self) -> None:
        self.reports: list[EraseReport] = []
        self.reachable = True

    def ordered(self, order: EraseOrder) -> bool:
        return is_ordered_by(order, KEY.public_key().public_bytes_raw().hex())

    async def report_erasure(self, report: EraseReport) -> None:
        if not self.reachable:
            raise LinkDown
        self.reports.append(report)

    def told(self) -> list[tuple[str, int]]:
        return [(report.state, report.unsent) for report in self.reports]


class Bench:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.institution = Institution()
        self.board = LiveBoard()
        self.carriable = 0
        self.erased: list[tuple[str, str]] = []
        self.forwarded: list[str] = []
        self.finished_meanwhile = False
        self.desk = self.start()

    def start(self) -> Decommission:
        """As after a restart of the daemon."""
        return Decommission(
            self.store,
            FakeClock(),
            self.board,
            institution=self.institution,
            box=lambda: BOX,
            carriable=self._carriable,
            forward_trail=self._forward,
            erase=self._erase,
        )

    async def _forward(self) -> None:
        self.forwarded.append((await self.acts())[-1])
        if self.finished_meanwhile:
            await self.leave(JobState.QUEUED)

    async def _carriable(self) -> int:
        return self.carriable

    def _erase(self, *, why: Literal["order", "reset"], order_id: str) -> None:
        self.erased.append((why, order_id))

    async def leave(self, *states: JobState, draft: bool = False) -> None:
        """Put a visit with a job in each of these states into the store."""
        record = visit()
        record = msgspec.structs.replace(record, state=VisitState.DRAFT) if draft else record

        def work(tx: Transaction) -> None:
            tx.visits.put(record)
            for number, state in enumerate(states):
                tx.jobs.add(_job(record.visit_id, number, state))

        await self.store.write(work)

    async def acts(self) -> list[str]:
        rows = await self.store.read(lambda tx: tx.audit.rows())
        return [row.entry.act for row in rows]


def _job(visit_id: str, number: int, state: JobState) -> Job:
    return Job(
        job_id=f"job-{number}",
        kind="upload.visit",
        key=f"key-{number}",
        visit_id=visit_id,
        position=number,
        state=state,
        needs=(),
        payload=b"",
        digest="",
        revision=1,
        created_at=AT,
        due_at=AT,
    )


def order(step: Literal["prepare", "confirm"] = "prepare", **changes: str | int) -> EraseOrder:
    plain = EraseOrder(order_id="o-1", sheet_id="sheet-1", step=step, issued_at=AT)
    plain = msgspec.structs.replace(plain, **changes)
    return msgspec.structs.replace(plain, signature=KEY.sign(plain.signed_bytes()).hex())


@pytest.fixture
async def bench(store: Store) -> Bench:
    made = Bench(store)
    await made.desk.load()
    return made


async def test_the_first_step_tells_what_would_be_lost_and_erases_nothing(bench: Bench) -> None:
    await bench.leave(JobState.QUEUED, JobState.REJECTED, JobState.CONFIRMED, JobState.HANDED_OFF)
    await bench.desk.take(order())
    await bench.desk.take(order())

    assert bench.institution.told() == [("ready", 2), ("ready", 2)]
    assert bench.institution.reports[0].oldest_at == visit().visit_at
    assert bench.erased == []
    assert await bench.acts() == ["box.erase.ordered"]
    assert bench.board.snapshot()["erasure"] == ErasureTopic(ordered_at=AT, unsent=2)


async def test_drafts_count_as_unsent(bench: Bench) -> None:
    await bench.leave(draft=True)
    await bench.desk.take(order())

    assert bench.institution.told() == [("ready", 1)]


async def test_the_confirmed_number_erases(bench: Bench) -> None:
    await bench.leave(JobState.QUEUED)
    await bench.desk.take(order())
    await bench.desk.take(order("confirm", unsent=1))

    assert bench.erased == [("order", "o-1")]
    assert bench.institution.told() == [("ready", 1), ("erasing", 1)]
    assert bench.forwarded == ["box.erase.confirmed"], "the trail goes on before it goes away"
    assert (await bench.acts())[-1] == "box.erase.confirmed"


async def test_more_to_lose_than_was_confirmed_is_asked_about_again(bench: Bench) -> None:
    await bench.desk.take(order())
    await bench.leave(JobState.QUEUED)
    await bench.desk.take(order("confirm", unsent=0))

    assert bench.erased == []
    assert bench.institution.told() == [("ready", 0), ("ready", 1)]


async def test_what_is_finished_while_the_trail_goes_on_is_asked_about_again(bench: Bench) -> None:
    """Forwarding takes as long as the link lets it, and phones are served meanwhile."""
    bench.finished_meanwhile = True
    await bench.desk.take(order())
    await bench.desk.take(order("confirm", unsent=0))

    assert bench.erased == []
    assert bench.institution.told() == [("ready", 0), ("ready", 1)]


@pytest.mark.parametrize("even_with_unsent", [False, True])
async def test_what_is_finished_while_the_trail_goes_on_stops_a_reset(
    bench: Bench, even_with_unsent: bool
) -> None:
    bench.finished_meanwhile = True
    with pytest.raises(WorkUnsent) as refused:
        await bench.desk.reset("測試盒", even_with_unsent=even_with_unsent)

    assert (refused.value.params, bench.erased) == ({"items": 1, "drafts": 0}, [])


async def test_a_confirmation_is_obeyed_even_when_the_report_of_it_is_lost(bench: Bench) -> None:
    await bench.desk.take(order())
    bench.institution.reachable = False
    await bench.desk.take(order("confirm"))

    assert bench.erased == [("order", "o-1")]


async def test_what_was_answered_outlives_a_restart(bench: Bench) -> None:
    await bench.desk.take(order())
    again = bench.start()
    await again.load()
    await again.take(order("confirm"))

    assert bench.erased == [("order", "o-1")]


async def test_a_confirmation_alone_is_answered_first(bench: Bench) -> None:
    await bench.desk.take(order("confirm"))

    assert (bench.erased, bench.institution.told()) == ([], [("ready", 0)])


STEPS: tuple[Literal["prepare", "confirm"], ...] = ("prepare", "confirm")
STRANGER = Ed25519PrivateKey.generate()
BAD = {
    "another box": order(sheet_id="sheet-2"),
    "unsigned": msgspec.structs.replace(order(), signature=""),
    "no signature at all": msgspec.structs.replace(order(), signature="not hex"),
    "signed by a stranger": msgspec.structs.replace(
        order(), signature=STRANGER.sign(order().signed_bytes()).hex()
    ),
    "the signature of another order": msgspec.structs.replace(
        order(order_id="o-2"), signature=order().signature
    ),
    "a step that was not signed": msgspec.structs.replace(order(), step="confirm"),
    "a number that was not signed": msgspec.structs.replace(order("confirm"), unsent=99),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
async def test_an_order_that_is_not_for_this_box_is_refused_and_noted_once(
    bench: Bench, bad: EraseOrder
) -> None:
    for _ in range(3):
        await bench.desk.take(bad)

    assert (bench.erased, bench.institution.told()) == ([], [])
    assert await bench.acts() == ["box.erase.refused"]


async def test_a_withdrawn_order_never_counts_again(bench: Bench) -> None:
    await bench.desk.take(order())
    await bench.desk.take(None)
    for step in STEPS:
        await bench.desk.take(order(step))

    assert bench.erased == []
    assert await bench.acts() == ["box.erase.ordered", "box.erase.withdrawn", "box.erase.refused"]
    assert bench.board.snapshot()["erasure"] == ErasureTopic()


async def test_a_reset_wants_the_boxs_name(bench: Bench) -> None:
    with pytest.raises(FieldInvalid) as refused:
        await bench.desk.reset("另一盒", even_with_unsent=True)

    assert (refused.value.field, bench.erased) == ("name", [])


async def test_a_reset_of_a_box_with_nothing_unsent(bench: Bench) -> None:
    await bench.leave(JobState.CONFIRMED, JobState.HANDED_OFF)
    await bench.desk.reset("測試盒", even_with_unsent=False, phone_id="phone-1")

    assert bench.erased == [("reset", "")]
    assert await bench.acts() == ["box.reset"]


@pytest.mark.parametrize(("even_with_unsent", "carriable"), [(False, 0), (False, 1), (True, 1)])
async def test_unsent_work_is_not_given_up_unasked_nor_while_a_file_could_carry_it(
    bench: Bench, even_with_unsent: bool, carriable: int
) -> None:
    await bench.leave(JobState.QUEUED, draft=True)
    bench.carriable = carriable
    with pytest.raises(WorkUnsent) as refused:
        await bench.desk.reset("測試盒", even_with_unsent=even_with_unsent)

    assert (refused.value.params, bench.erased) == ({"items": 1, "drafts": 1}, [])


async def test_what_no_file_can_carry_is_given_up_on_request(bench: Bench) -> None:
    await bench.leave(JobState.UNKNOWN, draft=True)
    await bench.desk.reset("測試盒", even_with_unsent=True)

    assert bench.erased == [("reset", "")]
