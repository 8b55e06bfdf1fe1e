"""對帳清單: what became of every visit of some days, with the receipts that the other side gave, for the HIS (R02)."""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec

from visitbridge.domain.roc import TAIPEI
from visitbridge.domain.visit import VisitFlags, VisitState
from visitbridge.errors import FieldInvalid
from visitbridge.ports.clock import Clock
from visitbridge.ports.records import AuditEntry, VisitSummary
from visitbridge.ports.store import Store, Transaction
from visitbridge.protocols.datacentre.common import Receipt
from visitbridge.protocols.visit_export import training as training_marks
from visitbridge.protocols.visit_export.receipt_table import encode

LONGEST_DAYS: Final = 31
_MOST_VISITS: Final = 20_000
"""More than a box sees before its history is cleared; what is older than these is not looked at."""


class ReconciledVisit(msgspec.Struct, frozen=True, kw_only=True):
    """One finished visit. ``receipts`` by job kind; what has none was not asked for, or is still to be done."""

    visit_id: str
    visit_at: dt.datetime
    patient_name: str
    card_no: str
    sequence_no: str
    flags: VisitFlags
    receipts: dict[str, Receipt]


class Reconciliation(msgspec.Struct, frozen=True, kw_only=True):
    """``visits`` by their time; ``name`` and ``content`` are the same as a table for a spreadsheet."""

    visits: tuple[ReconciledVisit, ...]
    name: str
    content: bytes


class ReconciliationDesk:
    """``training``: the file says 訓練, in its name and inside."""

    def __init__(self, store: Store, clock: Clock, *, training: bool = False) -> None:
        self._store = store
        self._clock = clock
        self._training = training

    async def between(self, since: dt.date, until: dt.date, *, who: str, phone_id: str) -> Reconciliation:
        """Finished visits from the first day to the end of the last, in Taipei; noted on the audit trail.

        Raises FieldInvalid (``until``) for days that end before they begin, or more of them than 31.
        """
        if not 0 <= (until - since).days < LONGEST_DAYS:
            raise FieldInvalid(f"1 to {LONGEST_DAYS} days", field="until")
        entry = AuditEntry(
            at=self._clock.now(),
            who=who,
            act="visits.reconcile",
            phone_id=phone_id,
            why=f"{since.isoformat()}/{until.isoformat()}",
        )

        def work(tx: Transaction) -> tuple[ReconciledVisit, ...]:
            tx.audit.append(entry)
            finished = tx.visits.summaries(state=VisitState.FINISHED, limit=_MOST_VISITS)
            chosen = [one for one in finished if since <= one.visit_at.astimezone(TAIPEI).date() <= until]
            return tuple(_reconciled(tx, one) for one in reversed(chosen))

        visits = await self._store.write(work)
        content = encode(_cells(visit) for visit in visits)
        name = f"receipts-{since:%Y%m%d}-{until:%Y%m%d}.csv"
        if self._training:
            content, name = training_marks.mark_table(content), f"{training_marks.MARK}-{name}"
        return Reconciliation(visits=visits, name=name, content=content)


def _reconciled(tx: Transaction, summary: VisitSummary) -> ReconciledVisit:
    held = {job.kind: tx.receipts.get(job.key) for job in tx.jobs.of_visit(summary.visit_id)}
    return ReconciledVisit(
        visit_id=summary.visit_id,
        visit_at=summary.visit_at,
        patient_name=summary.patient_name,
        card_no=summary.card_no,
        sequence_no=summary.sequence_no,
        flags=summary.flags,
        receipts={kind: receipt for kind, receipt in held.items() if receipt is not None},
    )


def _cells(visit: ReconciledVisit) -> dict[str, str]:
    found = {
        "visit_id": visit.visit_id,
        "visit_at": visit.visit_at.astimezone(TAIPEI).isoformat(timespec="seconds"),
        "patient_name": visit.patient_name,
        "card_no": visit.card_no,
        "sequence_no": visit.sequence_no,
        **{name: str(getattr(visit.flags, name).value) for name in ("card", "vpn", "ic")},
    }
    for kind, receipt in visit.receipts.items():
        found[f"{kind}.receipt"] = receipt.key
        found[f"{kind}.accepted_at"] = receipt.accepted_at.astimezone(TAIPEI).isoformat(timespec="seconds")
        found[f"{kind}.digest"] = receipt.digest
    return found
