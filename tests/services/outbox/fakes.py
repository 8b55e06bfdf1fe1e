"""The other side and the card, reduced to what the outbox can tell: receipts by key, records by key, faults."""

from __future__ import annotations

import asyncio
import enum
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from tests.services.outbox.samples import STAFF_ID, staff_row
from visitbridge.errors import (
    CardRefused,
    CardRemoved,
    DataCentreBusy,
    DataCentreGarbled,
    LinkDown,
    Rejected,
    ReplyLost,
    Retry,
    WrongCard,
)
from visitbridge.ports.datacentre import Contact, HandoffRefusal
from visitbridge.ports.records import StaffSessionRow
from visitbridge.protocols.datacentre.cards import (
    CardRecordState,
    CardResult,
    OpenCardSession,
    WriteIntent,
    intent_digest,
)
from visitbridge.protocols.datacentre.common import Receipt, ReceiptStatus, digest_of
from visitbridge.protocols.datacentre.uploads import Eligibility, EligibilityRequest, UploadKind
from visitbridge.sim.clock import FakeClock


class Fault(enum.StrEnum):
    """What happens to the next attempt, once. ``LINK_*`` strike the request, ``PULLED_*`` the card."""

    NONE = "none"
    LINK_DOWN = "link_down"
    REPLY_LOST = "reply_lost"
    REQUEST_LOST = "request_lost"
    BUSY = "busy"
    RETRY_AFTER = "retry_after"
    GARBLED = "garbled"
    REFUSED = "refused"
    FORGED = "forged"
    OTHER_DIGEST = "other_digest"
    OTHER_KIND = "other_kind"
    OTHER_KEY = "other_key"
    IN_PROGRESS = "in_progress"
    PULLED_BEFORE = "pulled_before"
    PULLED_ABSENT = "pulled_absent"
    PULLED_OPEN = "pulled_open"
    PULLED_CLOSED = "pulled_closed"
    WRONG_CARD = "wrong_card"
    NO_RECEIPT = "no_receipt"


_FALSE_RECEIPTS = {
    Fault.FORGED: {"signature": "forged"},
    Fault.OTHER_DIGEST: {"digest": "0" * 64},
    Fault.OTHER_KIND: {"kind": "another"},
    Fault.OTHER_KEY: {"key": "another"},
}


def is_genuine(receipt: Receipt) -> bool:
    return receipt.signature == "genuine"


class FakePortal:
    """Durable over there: ``receipts`` by key. ``effects`` counts what was done per key."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.epoch = "epoch-1"
        self.receipts: dict[str, Receipt] = {}
        self.bodies: dict[str, bytes] = {}
        self.refusals: dict[str, HandoffRefusal] = {}
        self.effects: Counter[str] = Counter()
        self.sent: list[tuple[str, str]] = []
        self.asked: list[str] = []
        self.under_way = 0
        self.most_under_way = 0
        self.faults: defaultdict[str, list[Fault]] = defaultdict(list)
        self.gate: asyncio.Event | None = None
        self.arrived = asyncio.Semaphore(0)
        self.contact: Contact | None = None

    def fault(self, call: str) -> Fault:
        return self.faults[call].pop(0) if self.faults[call] else Fault.NONE

    def accept(self, key: str, kind: str, digest: str, insurer: dict[str, str] | None = None) -> Receipt:
        """One effect per key; the same key again gives the same receipt."""
        if key not in self.receipts:
            self.effects[key] += 1
            self.receipts[key] = Receipt(
                key=key,
                kind=kind,
                digest=digest,
                epoch=self.epoch,
                accepted_at=self._clock.now(),
                insurer=insurer or {},
                signature="genuine",
            )
        return self.receipts[key]

    async def send(self, kind: UploadKind, key: str, body: bytes) -> Receipt:
        insurer = {"prescription_code": "K7M2Q9XW"} if kind is UploadKind.VISIT else {}
        return await self._deliver(kind.value, key, body, insurer)

    async def take_number(self, key: str, body: bytes) -> Receipt:
        """A V number; the stand-in's protocol has no such call yet."""
        return await self._deliver("number", key, body, {"sequence_no": "V001"})

    async def _deliver(self, kind: str, key: str, body: bytes, insurer: dict[str, str]) -> Receipt:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        self.arrived.release()
        try:
            if self.gate is not None:
                await self.gate.wait()
            return self._take(kind, key, body, insurer)
        finally:
            self.under_way -= 1

    def _take(self, kind: str, key: str, body: bytes, insurer: dict[str, str]) -> Receipt:
        fault = self.fault("send")
        if fault is Fault.LINK_DOWN:
            raise LinkDown
        if fault is Fault.REQUEST_LOST:
            raise ReplyLost
        self._answered()
        if fault is Fault.BUSY:
            raise DataCentreBusy
        if fault is Fault.RETRY_AFTER:
            raise DataCentreBusy(retry_after_s=30.0)
        if fault is Fault.REFUSED:
            raise Rejected(insurer_code="AD01", words="就醫序號錯誤", field="sequence")
        self.sent.append((kind, key))
        self.bodies.setdefault(key, body)
        receipt = self.accept(key, kind, digest_of(body), insurer)
        if fault is Fault.REPLY_LOST:
            raise ReplyLost
        if fault is Fault.GARBLED:
            raise DataCentreGarbled
        return msgspec.structs.replace(receipt, **_FALSE_RECEIPTS.get(fault, {}))

    async def receipt(self, key: str) -> ReceiptStatus:
        fault = self.fault("receipt")
        self.asked.append(key)
        if fault is Fault.LINK_DOWN:
            raise LinkDown
        self._answered()
        if fault is Fault.IN_PROGRESS:
            return ReceiptStatus(state="in_progress")
        held = self.receipts.get(key)
        if held is None:
            return ReceiptStatus(state="unknown_key")
        return ReceiptStatus(
            state="receipt", receipt=msgspec.structs.replace(held, **_FALSE_RECEIPTS.get(fault, {}))
        )

    async def missing_receipts(self, keys: Sequence[str]) -> tuple[str, ...]:
        if self.fault("missing") is Fault.LINK_DOWN:
            raise LinkDown
        self._answered()
        return tuple(key for key in keys if key not in self.receipts)

    async def handoff_refusals(self, keys: Sequence[str]) -> tuple[HandoffRefusal, ...]:
        self._answered()
        return tuple(refusal for key, refusal in self.refusals.items() if key in keys)

    async def eligibility(self, request: EligibilityRequest) -> Eligibility:
        fault = self.fault("send")
        if fault in {Fault.LINK_DOWN, Fault.REQUEST_LOST}:
            raise LinkDown
        if fault in {Fault.REPLY_LOST, Fault.GARBLED}:
            raise ReplyLost
        self._answered()
        if fault is Fault.BUSY:
            raise DataCentreBusy
        if fault is Fault.REFUSED:
            raise Rejected(insurer_code="5012", words="未在保", field="id_no")
        return Eligibility(insured=True, on_home_care_list=True, checked_at=self._clock.now())

    def restore(self, receipts: dict[str, Receipt]) -> None:
        """Go back to an earlier backup: another epoch that lacks what came after it."""
        self.receipts = dict(receipts)
        self.epoch = f"{self.epoch}+"
        self._answered()

    def _answered(self) -> None:
        self.contact = Contact(epoch=self.epoch, time=self._clock.now(), monotonic_s=self._clock.monotonic())


class FakeCard:
    """The records of one card by intent key: ``open`` or ``closed``. ``begun`` counts numbers taken per key."""

    def __init__(self, card_no: str) -> None:
        self.card_no = card_no
        self.records: dict[str, str] = {}
        self.begun: Counter[str] = Counter()
        self.closed: Counter[str] = Counter()

    def begin(self, key: str) -> None:
        self.begun[key] += 1
        self.records[key] = "open"

    def close(self, key: str) -> None:
        self.closed[key] += 1
        self.records[key] = "closed"


class FakeSlot(msgspec.Struct, frozen=True):
    reader_id: str


class FakeCards:
    """Which card is in which reader."""

    def __init__(self) -> None:
        self.present: dict[str, FakeCard] = {}

    def find_card(self, card_no: str) -> FakeSlot | None:
        return FakeSlot(f"reader-{card_no}") if card_no in self.present else None


class FakeStaff:
    def __init__(self) -> None:
        self.live = {STAFF_ID: staff_row()}

    def live_by_staff(self, staff_id: str) -> StaffSessionRow | None:
        return self.live.get(staff_id)


class FakeRelay:
    """The card and the data centre's side of card sessions at once, after data-centre.md §3."""

    def __init__(self, portal: FakePortal, cards: FakeCards) -> None:
        self._portal = portal
        self._cards = cards
        self.sessions: list[str] = []
        self.under_way = 0
        self.most_under_way = 0
        self.gate: asyncio.Event | None = None
        self.arrived = asyncio.Semaphore(0)

    async def run(
        self,
        reader_id: str,
        request: OpenCardSession,
        *,
        owner: str,
        on_mutating: Callable[[], Awaitable[None]] | None = None,
    ) -> CardResult:
        intent = request.intent
        assert intent is not None
        self.sessions.append(request.purpose)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            return await self._run(request, intent, on_mutating)
        except CardRemoved:
            self._cards.present.pop(intent.card_no, None)
            raise
        finally:
            self.under_way -= 1

    async def _run(
        self,
        request: OpenCardSession,
        intent: WriteIntent,
        on_mutating: Callable[[], Awaitable[None]] | None,
    ) -> CardResult:
        fault = self._portal.fault(request.purpose)
        card = self._cards.present.get(intent.card_no)
        if card is None or fault is Fault.PULLED_BEFORE:
            raise CardRemoved
        if fault is Fault.WRONG_CARD:
            raise WrongCard
        if fault is Fault.LINK_DOWN:
            raise LinkDown
        if fault is Fault.REFUSED:
            raise Rejected(insurer_code="5003", words="卡片已過有效期限")
        if request.purpose == "read_back":
            return CardResult(record=_record(card.records.get(intent.key, "absent")))
        if request.purpose == "repair" and intent.key not in card.records:
            return CardResult(record=_record("absent"))
        if card.records.get(intent.key) != "closed":
            assert on_mutating is not None
            await on_mutating()
            self.arrived.release()
            if self.gate is not None:
                await self.gate.wait()
            self._mutate(card, intent, fault)
        return self._result(request, intent, fault)

    def _mutate(self, card: FakeCard, intent: WriteIntent, fault: Fault) -> None:
        if fault is Fault.PULLED_ABSENT:
            raise CardRemoved(retry=Retry.UNKNOWN)
        if card.records.get(intent.key) is None:
            card.begin(intent.key)
        if fault is Fault.PULLED_OPEN:
            raise CardRemoved(retry=Retry.UNKNOWN)
        card.close(intent.key)
        if fault is Fault.PULLED_CLOSED:
            raise CardRemoved(retry=Retry.UNKNOWN)

    def _result(self, request: OpenCardSession, intent: WriteIntent, fault: Fault) -> CardResult:
        number = "" if intent.visit_type == "AH" else "0007"
        signatures = ",".join("79" * 20 for _ in intent.orders)
        receipt: Receipt | None = self._portal.accept(
            intent.key,
            "card_prescription" if intent.orders else "card_visit",
            intent_digest(intent),
            {"sequence_no": number, "order_signatures": signatures}
            if intent.orders
            else {"sequence_no": number, "signature": "22" * 128},
        )
        if fault is Fault.REPLY_LOST:
            raise ReplyLost(retry=Retry.UNKNOWN)
        if fault is Fault.GARBLED:
            raise CardRefused(retry=Retry.UNKNOWN)
        if fault is Fault.NO_RECEIPT:
            receipt = None
        elif receipt is not None:
            receipt = msgspec.structs.replace(receipt, **_FALSE_RECEIPTS.get(fault, {}))
        return CardResult(record=_record("closed"), receipt=receipt)


def _record(state: str) -> CardRecordState:
    return msgspec.convert({"visit": state, "orders": state}, CardRecordState)
