"""A box in ten lines: runs card and staff sessions end to end in memory."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import msgspec

from visitbridge.domain.people import Right, StaffKind
from visitbridge.domain.visit import Diagnosis, Order, OrderKind
from visitbridge.protocols.apdu import Response
from visitbridge.protocols.datacentre.cards import (
    BatchAnswers,
    CardResult,
    OpenCardSession,
    Purpose,
    Script,
    WriteIntent,
)
from visitbridge.protocols.datacentre.common import Receipt
from visitbridge.sim.card import VirtualCard
from vpnportal.cards import CardSessions, StaffView

BOX = "box-1"
INSTITUTION = "3599999999"
NOW = dt.datetime(2026, 11, 22, 3, 0, tzinfo=dt.UTC)
VISIT_TIME = "1151122103000"

DOCTOR = StaffView(
    staff_id="D1", hpc_no="990000000001", name="醫師樣本", kind=StaffKind.DOCTOR, rights=(Right.VISITS,)
)


class FixedClock:
    def __init__(self, now: dt.datetime = NOW) -> None:
        self.time = now

    def now(self) -> dt.datetime:
        return self.time


class Receipts:
    """Receipts in memory; ``issued`` counts how often one was asked for. ``fault``: what storing one raises."""

    def __init__(self, fault: OSError | None = None) -> None:
        self.by_key: dict[str, Receipt] = {}
        self.issued = 0
        self._fault = fault

    def issue(self, key: str, kind: str, digest: str, insurer: Mapping[str, str]) -> Receipt:
        if self._fault is not None:
            raise self._fault
        self.issued += 1
        receipt = Receipt(
            key=key, kind=kind, digest=digest, epoch="e1", accepted_at=NOW, insurer=dict(insurer)
        )
        return self.by_key.setdefault(key, receipt)

    def find(self, key: str) -> Receipt | None:
        return self.by_key.get(key)


VISIT = WriteIntent(
    key="visit-1",
    card_no="900000000001",
    visit_time=VISIT_TIME,
    institution=INSTITUTION,
    visit_type="01",
    diagnoses=(Diagnosis(code="I10"), Diagnosis(code="E11.9")),
    fee_points=1631,
    copay_points=82,
)


def visit_intent(**changes: Any) -> WriteIntent:
    """:data:`VISIT` with some fields changed."""
    return msgspec.structs.replace(VISIT, **changes)


def orders(count: int) -> tuple[Order, ...]:
    return tuple(
        Order(kind=OrderKind.DRUG, code=f"DEMO{index:06d}", frequency="BID", route="PO", days=7, total=14.5)
        for index in range(count)
    )


def prescription_intent(count: int = 7) -> WriteIntent:
    return visit_intent(key="prescription-1", orders=orders(count))


def relay(card: VirtualCard, script: Script) -> BatchAnswers:
    """Run a script on a card as the box does: stop at the first status word that is not expected."""
    answers: list[str] = []
    for index, step in enumerate(script.steps):
        raw = card.execute(bytes.fromhex(step.apdu))
        answers.append(raw.hex().upper())
        if Response.decode(raw).sw_hex not in step.expect:
            return BatchAnswers(batch_id=script.batch_id, answers=tuple(answers), stopped_at=index)
    return BatchAnswers(batch_id=script.batch_id, answers=tuple(answers))


def request(purpose: Purpose, intent: WriteIntent | None = None) -> OpenCardSession:
    return OpenCardSession(purpose=purpose, staff_token="token", intent=intent)


def drive(
    card: VirtualCard,
    sessions: CardSessions,
    asked: OpenCardSession,
    *,
    staff: StaffView = DOCTOR,
    scripts: list[Script] | None = None,
) -> CardResult:
    """One session to its result, on a card that was just inserted; ``scripts`` collects what was run.

    Raises Refusal from the portal and CardRemoved from the card.
    """
    card.reset()
    step = sessions.open(asked, box_id=BOX, institution=INSTITUTION, staff=staff)
    while step.script is not None:
        if scripts is not None:
            scripts.append(step.script)
        step = sessions.answer(step.session_id, box_id=BOX, answers=relay(card, step.script))
    assert step.card is not None
    return step.card
