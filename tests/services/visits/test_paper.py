"""Printing a prescription: every copy has a number of its own (O05)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from tests.adapters.store.builders import KEY, job, receipt, save, visit
from visitbridge.adapters.store import open_store
from visitbridge.domain.jobs import AgeLimits, JobState
from visitbridge.domain.prescription_sheet import PrescriptionSheet
from visitbridge.domain.visit import Diagnosis, Order, OrderKind, Visit, VisitContent, VisitFlags
from visitbridge.errors import PaperFailed, PrescriptionEmpty
from visitbridge.ports.store import Store
from visitbridge.services.outbox.names import UPLOAD_VISIT
from visitbridge.services.outbox.views import job_view
from visitbridge.services.visits.paper import PrintingDesk
from visitbridge.services.visits.prescription import prescription_of
from visitbridge.services.visits.views import PrescriptionView, VisitView
from visitbridge.sim.clock import FakeClock

PRESCRIBED = VisitContent(
    diagnoses=(Diagnosis(code="I10", name_zh="高血壓"),),
    orders=(
        Order(
            kind=OrderKind.DRUG,
            code="AC1",
            name="示範藥",
            dose=1,
            frequency="BID",
            route="PO",
            days=7,
            total=14,
        ),
        Order(kind=OrderKind.SERVICE, code="05301C", name="訪視費"),
    ),
)


class Printer:
    """Keeps the sheets it was asked for; fails once where it is told to."""

    def __init__(self) -> None:
        self.sheets: list[PrescriptionSheet] = []
        self.failures = 0

    async def make(self, sheet: PrescriptionSheet) -> bytes:
        self.sheets.append(sheet)
        if self.failures:
            self.failures -= 1
            raise PaperFailed("no font")
        return b"%PDF-"


@pytest.fixture
async def store(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Store]:
    async with open_store(tmp_path / "store.db", KEY, clock=clock) as opened:
        yield opened


def desk_for(
    store: Store,
    clock: FakeClock,
    printer: Printer,
    shown: Visit,
    *,
    uploaded: bool,
    training: bool = False,
) -> PrintingDesk:
    receipts = {UPLOAD_VISIT: receipt("key", insurer={"prescription_code": "7F3A22KQ"})} if uploaded else {}
    view = VisitView(visit=shown, flags=VisitFlags(), jobs=(), receipts=receipts, notice="")

    async def found(visit_id: str) -> VisitView:
        return view

    return PrintingDesk(store, clock, printer, found, training=training)


@pytest.mark.parametrize(("uploaded", "passphrase"), [(True, "7F3A22KQ"), (False, "")])
async def test_O05_a_sheet_holds_drugs_and_the_code_once_it_is_uploaded(
    store: Store, clock: FakeClock, uploaded: bool, passphrase: str
) -> None:
    shown, printer = visit(content=PRESCRIBED), Printer()
    await save(store, shown)

    await desk_for(store, clock, printer, shown, uploaded=uploaded).print(
        shown.visit_id, who="D-9", phone_id="p1"
    )

    (sheet,) = printer.sheets
    assert [drug.code for drug in sheet.drugs] == ["AC1"]
    assert (sheet.passphrase, bool(sheet.qr_text)) == (passphrase, uploaded)
    assert shown.patient.id_no not in str(msgspec.to_builtins(sheet))


async def test_M09_a_sheet_holds_what_the_patient_pays_for_and_takes_but_not_in_the_code(
    store: Store, clock: FakeClock
) -> None:
    paid = Order(kind=OrderKind.SELF_PAID, code="SP1", name="示範凝膠", frequency="BID", route="EXT", days=14)
    dressing = Order(kind=OrderKind.SELF_PAID, code="SP2", name="示範敷料", total=3)
    orders = (*PRESCRIBED.orders, msgspec.structs.replace(paid, total=1), dressing)
    shown, printer = visit(content=msgspec.structs.replace(PRESCRIBED, orders=orders)), Printer()
    await save(store, shown)

    await desk_for(store, clock, printer, shown, uploaded=True).print(
        shown.visit_id, who="D-9", phone_id="p1"
    )

    (sheet,) = printer.sheets
    assert [(drug.code, drug.self_paid, drug.dose) for drug in sheet.drugs] == [
        ("AC1", False, "1"),
        ("SP1", True, ""),
    ]
    assert sheet.qr_text.split(";")[14:] == ["AC1", "1", "BID", "PO", "14"]


async def test_a_sheet_of_training_says_so_and_its_code_is_no_prescription(
    store: Store, clock: FakeClock
) -> None:
    shown, printer = visit(content=PRESCRIBED), Printer()
    await save(store, shown)

    await desk_for(store, clock, printer, shown, uploaded=True, training=True).print(
        shown.visit_id, who="D-9", phone_id="p1"
    )

    (sheet,) = printer.sheets
    assert sheet.training
    assert sheet.qr_text.startswith("TRAINING/VB")


async def test_O05_no_two_copies_bear_the_same_number(store: Store, clock: FakeClock) -> None:
    shown, printer = visit(content=PRESCRIBED), Printer()
    await save(store, shown)
    desk = desk_for(store, clock, printer, shown, uploaded=True)

    printed = await asyncio.gather(*(desk.print(shown.visit_id, who="D-9", phone_id="p1") for _ in range(5)))

    assert sorted(each.print_no for each in printed) == [1, 2, 3, 4, 5]
    assert sorted(sheet.print_no for sheet in printer.sheets) == [1, 2, 3, 4, 5]


async def test_Y08_a_printed_copy_is_on_the_trail_with_its_number(store: Store, clock: FakeClock) -> None:
    shown = visit(content=PRESCRIBED)
    await save(store, shown)

    await desk_for(store, clock, Printer(), shown, uploaded=True).print(
        shown.visit_id, who="D-9", phone_id="p1"
    )

    entry = (await store.read(lambda tx: tx.audit.rows()))[-1].entry
    assert (entry.act, entry.who, entry.record, entry.phone_id, entry.why) == (
        "prescription.print",
        "D-9",
        shown.visit_id,
        "p1",
        "copy 1",
    )


async def test_a_number_that_was_given_is_not_given_again_after_a_failure(
    store: Store, clock: FakeClock
) -> None:
    shown, printer = visit(content=PRESCRIBED), Printer()
    await save(store, shown)
    desk = desk_for(store, clock, printer, shown, uploaded=True)
    printer.failures = 1

    with pytest.raises(PaperFailed):
        await desk.print(shown.visit_id, who="D-9", phone_id="p1")

    assert (await desk.print(shown.visit_id, who="D-9", phone_id="p1")).print_no == 2


@pytest.mark.parametrize(
    ("state", "waiting_for"),
    [(JobState.QUEUED, "prescription.upload"), (JobState.REJECTED, "prescription.attention")],
)
def test_O01_an_upload_that_was_sent_back_is_not_called_awaited(state: JobState, waiting_for: str) -> None:
    shown = visit(content=PRESCRIBED)
    sending = job_view(job(kind=UPLOAD_VISIT, state=state), shown, (), now=shown.visit_at, limits=AgeLimits())
    view = VisitView(visit=shown, flags=VisitFlags(), jobs=(sending,), receipts={}, notice="")

    assert prescription_of(view) == PrescriptionView(ready=False, waiting_for=waiting_for)


def test_O01_a_visit_fee_alone_is_no_prescription() -> None:
    fee_only = visit(content=VisitContent(orders=PRESCRIBED.orders[1:]))
    uploaded = {UPLOAD_VISIT: receipt("key", insurer={"prescription_code": "7F3A22KQ"})}
    view = VisitView(visit=fee_only, flags=VisitFlags(), jobs=(), receipts=uploaded, notice="")

    assert prescription_of(view) == PrescriptionView(ready=False, waiting_for="prescription.no_orders")


@pytest.mark.parametrize("orders", [(), PRESCRIBED.orders[1:]], ids=["nothing", "a visit fee"])
async def test_nothing_prescribed_is_nothing_printed_or_counted(
    store: Store, clock: FakeClock, orders: tuple[Order, ...]
) -> None:
    shown, printer = visit(content=VisitContent(orders=orders)), Printer()
    await save(store, shown)

    with pytest.raises(PrescriptionEmpty):
        await desk_for(store, clock, printer, shown, uploaded=True).print(
            shown.visit_id, who="D-9", phone_id="p1"
        )

    assert await store.read(lambda tx: tx.prints.copies(shown.visit_id)) == 0
    assert printer.sheets == []
