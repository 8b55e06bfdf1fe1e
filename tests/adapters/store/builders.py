"""Synthetic rows for the store's tests."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

import msgspec

from visitbridge.domain.jobs import LINK, Job, JobState
from visitbridge.domain.people import BasicRecord, Institution, Sex, StaffKind
from visitbridge.domain.visit import Identification, Practitioner, Visit, VisitContent, VisitState
from visitbridge.ports.store import Store, Transaction
from visitbridge.protocols.datacentre.common import Receipt

KEY = bytes(range(32))
NOW = dt.datetime(2026, 11, 23, 1, 0, 0, 123456, tzinfo=dt.UTC)


async def save(store: Store, *rows: Visit | Job) -> None:
    """All of them in one transaction."""

    def work(tx: Transaction) -> None:
        for row in rows:
            if isinstance(row, Visit):
                tx.visits.put(row)
            else:
                tx.jobs.add(row)

    await store.write(work)


def visit(visit_id: str = "visit-1", *, revision: int = 1, **changes: Any) -> Visit:
    made = Visit(
        visit_id=visit_id,
        revision=revision,
        state=VisitState.DRAFT,
        patient=BasicRecord(
            card_no="900000000001",
            name="測試甲",
            name_big5="b4fab8d5a5d2",
            id_no="A123456788",
            birth_date=dt.date(1940, 2, 29),
            sex=Sex.FEMALE,
            issued_date=dt.date(2020, 1, 1),
        ),
        identification=Identification.CARD,
        practitioner=Practitioner(staff_id="S000000001", name="測試醫師", kind=StaffKind.DOCTOR),
        institution=Institution(code="9900000001", name="測試診所"),
        visit_at=NOW,
        clock_trusted=True,
        content=VisitContent(subjective=f"revision {revision}"),
    )
    return msgspec.structs.replace(made, **changes)


def job(job_id: str = "job-1", **changes: Any) -> Job:
    payload: bytes = changes.get("payload", b'{"body":"' + job_id.encode() + b'"}')
    values: dict[str, Any] = {
        "job_id": job_id,
        "kind": "upload.visit",
        "key": f"key-of-{job_id}",
        "visit_id": "visit-1",
        "position": 0,
        "state": JobState.QUEUED,
        "needs": (LINK,),
        "payload": payload,
        "digest": hashlib.sha256(payload).hexdigest(),
        "revision": 1,
        "created_at": NOW,
        "due_at": NOW + dt.timedelta(hours=24),
    }
    return Job(**(values | changes))


def receipt(key: str, **changes: Any) -> Receipt:
    values: dict[str, Any] = {
        "key": key,
        "kind": "visit",
        "digest": "d" * 64,
        "epoch": "epoch-1",
        "accepted_at": NOW,
        "insurer": {"prescription_code": "TEST0001"},
        "signature": "00" * 64,
    }
    return Receipt(**(values | changes))
