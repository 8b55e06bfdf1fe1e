"""Printing a prescription: counted before it is handed out, so that no two copies bear the same number (O05)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from visitbridge.domain.prescription_sheet import sheet_of
from visitbridge.errors import PrescriptionEmpty
from visitbridge.ports.clock import Clock
from visitbridge.ports.paper import PrescriptionPaper
from visitbridge.ports.store import Store, Transaction
from visitbridge.services.visits.acts import note
from visitbridge.services.visits.prescription import prescribes, prescription_of
from visitbridge.services.visits.views import VisitView


class PrintedPrescription(msgspec.Struct, frozen=True, kw_only=True):
    """``content``: the PDF. ``print_no``: the how manieth copy it is."""

    content: bytes
    print_no: int


class PrintingDesk:
    """``view`` gives one visit as a person sees it; it raises VisitUnknown. ``training``: every page says 訓練."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        paper: PrescriptionPaper,
        view: Callable[[str], Awaitable[VisitView]],
        *,
        training: bool = False,
    ) -> None:
        self._store = store
        self._clock = clock
        self._paper = paper
        self._view = view
        self._training = training

    async def print(self, visit_id: str, *, who: str, phone_id: str) -> PrintedPrescription:
        """One more copy; that it was made is on the audit trail before it is handed out. Raises VisitUnknown, PrescriptionEmpty, PaperFailed; a number that was given is never
        given again, so a copy that failed leaves a gap.
        """
        view = await self._view(visit_id)
        prescription = prescription_of(view, training=self._training)
        if not prescribes(view.visit):
            raise PrescriptionEmpty("nothing was prescribed")
        now = self._clock.now()

        def work(tx: Transaction) -> int:
            print_no = tx.prints.count(visit_id)
            why = f"copy {print_no}"
            note(tx, view.visit, at=now, act="prescription.print", who=who, phone_id=phone_id, why=why)
            return print_no

        print_no = await self._store.write(work)
        sheet = sheet_of(
            view.visit,
            qr_text=prescription.qr_text,
            passphrase=prescription.passphrase,
            print_no=print_no,
            printed_at=now,
            training=self._training,
        )
        return PrintedPrescription(content=await self._paper.make(sheet), print_no=print_no)
