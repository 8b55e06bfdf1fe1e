"""Writing a card: each purpose brings the record of an intent from whatever it is to closed, once.

Everything starts from what the card says of the intent's key, so the same code serves a first write, a repetition
and a repair: a step whose effect is already on the card is not sent again.
"""

from __future__ import annotations

import datetime as dt

import msgspec

from visitbridge.errors import CardError
from visitbridge.protocols.datacentre.cards import CardRecordState, CardResult, WriteIntent
from visitbridge.protocols.datacentre.common import Receipt
from visitbridge.protocols.nhi import applet
from visitbridge.protocols.nhi.applet import RECORDS_PER_COMMAND, RecordState
from visitbridge.protocols.nhi.records import OrderRecord
from vpnportal.cards import content, rules, sam, words
from vpnportal.cards.dialogue import Dialogue, SecureCard, Step, Talk, meet
from vpnportal.cards.identify import Identity, contents, damaged, decode_register, identify
from vpnportal.cards.seams import ReceiptIssuer
from vpnportal.problems import Refusal

KIND_VISIT = "card_visit"
KIND_PRESCRIPTION = "card_prescription"


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One intent and what it takes to decide about it. ``now``: when the session was opened."""

    intent: WriteIntent
    digest: str
    receipts: ReceiptIssuer
    now: dt.datetime

    @property
    def key(self) -> bytes:
        return applet.record_key(self.intent.visit_time, self.intent.institution)

    def known_receipt(self) -> Receipt | None:
        """The receipt that this very intent has been given before."""
        receipt = self.receipts.find(self.intent.key)
        return receipt if receipt is not None and receipt.digest == self.digest else None

    def issue(self, kind: str, insurer: dict[str, str]) -> Receipt:
        return self.receipts.issue(self.intent.key, kind, self.digest, insurer)


def write_visit(case: Case, host_challenge: bytes) -> Dialogue:
    """Sequence number and visit record. A visit that is closed on the card already gets its receipt only."""
    card = yield from meet(host_challenge)
    identity, state = yield from identify(card, case.intent.card_no, case.key)
    if state.visit == "absent":
        _check_new_visit(case, identity)
    return (yield from _close_visit(card, case, state))


def write_prescription(case: Case, host_challenge: bytes) -> Dialogue:
    """Order records for a visit that is closed on the card."""
    records = content.order_records(case.intent)
    card = yield from meet(host_challenge)
    _, state = yield from identify(card, case.intent.card_no, case.key)
    if state.visit != "closed":
        raise words.insurer_refusal(words.VISIT_NOT_ON_CARD, "no closed visit to write orders for")
    return (yield from _close_orders(card, case, state, records))


def read_back(case: Case, host_challenge: bytes) -> Dialogue:
    """Is the record of the intent absent, open or closed? Changes nothing."""
    card = yield from meet(host_challenge)
    _, state = yield from identify(card, case.intent.card_no, case.key)
    return CardResult(record=_summary(state), receipt=case.known_receipt())


def repair(case: Case, host_challenge: bytes) -> Dialogue:
    """Bring what is torn to closed; what is absent stays absent.

    Orders can only be begun once the visit is closed, so at most one of the two is open. When nothing is
    torn, the receipt is the one already given, or the visit's if the intent can only mean the visit.
    """
    records = content.order_records(case.intent)
    card = yield from meet(host_challenge)
    _, state = yield from identify(card, case.intent.card_no, case.key)
    if state.visit == "open":
        return (yield from _close_visit(card, case, state))
    if state.orders == "open":
        return (yield from _close_orders(card, case, state, records))
    receipt = case.known_receipt()
    if receipt is None and state.visit == "closed" and not case.intent.orders:
        return (yield from _close_visit(card, case, state))
    if receipt is None and state.orders == "closed" and case.intent.orders:
        return (yield from _close_orders(card, case, state, records))
    return CardResult(record=_summary(state), receipt=receipt)


def update(now: dt.datetime, host_challenge: bytes) -> Dialogue:
    """卡片更新: new uses and validity. Absolute values, so a repetition adds nothing."""
    card = yield from meet(host_challenge)
    identity, _ = yield from identify(card, None, None)
    uses_left, valid_until = rules.updated(identity.register, now)
    yield from card.ask("commit", [Step(applet.update(uses_left, valid_until), "update", mutating=True)])
    (raw,) = yield from card.ask("read_back", [Step(applet.READ_REGISTER, "read register")])
    register = decode_register(raw)
    if (register.uses_left, register.valid_until) != (uses_left, valid_until):
        raise _not_as_written("the update is not on the card")
    return CardResult(contents=contents(register))


def _check_new_visit(case: Case, identity: Identity) -> None:
    rules.check_register(identity.register, case.now)
    if rules.takes_number(case.intent.visit_type):
        rules.check_number_available(case.intent, identity.register, identity.last_sequence)
    if case.known_receipt() is not None:
        # The card once held this visit and does not know it any more: a person has to look at the card.
        raise words.insurer_refusal(words.VISIT_NOT_ON_CARD, "a receipt exists, the record is gone")


def _close_visit(card: SecureCard, case: Case, state: RecordState) -> Dialogue:
    if state.visit == "closed":
        yield from _check_closed_visit(card, case, state)
    else:
        state = yield from _write_visit(card, case, state)
    record = content.visit_record(case.intent, state.sequence_no)
    receipt = case.issue(
        KIND_VISIT,
        {"sequence_no": state.sequence_no, "signature": sam.visit_signature(card.card_no, record)},
    )
    return CardResult(record=_summary(state), receipt=receipt)


def _check_closed_visit(card: SecureCard, case: Case, state: RecordState) -> Talk[None]:
    if not state.has_record:
        # Newer visits have pushed the record out of the ring; the card still vouches for the key.
        return
    (raw,) = yield from card.ask("read_back", [Step(applet.read_visit(case.key), "read visit")])
    if raw != _visit_bytes(case.intent, state.sequence_no):
        raise words.content_conflict()


def _write_visit(card: SecureCard, case: Case, state: RecordState) -> Talk[RecordState]:
    present = b""
    if state.visit == "absent":
        sequence_no = yield from _open_visit(card, case)
    else:
        sequence_no = state.sequence_no
        if state.has_record:
            (present,) = yield from card.ask("read_back", [Step(applet.read_visit(case.key), "read visit")])
    steps = _missing_steps(case, sequence_no, present)
    if steps:
        yield from card.ask("write_visit", steps)
    yield from card.ask("commit", [Step(applet.commit_visit(case.key), "commit visit", mutating=True)])
    raw_state, raw = yield from card.ask(
        "read_back",
        [
            Step(applet.read_state(case.key), "read record state"),
            Step(applet.read_visit(case.key), "read visit"),
        ],
    )
    final = _decode_state(raw_state)
    is_written = final.visit == "closed" and final.sequence_no == sequence_no
    if not is_written or raw != _visit_bytes(case.intent, sequence_no):
        raise _not_as_written("the visit is not on the card as written")
    return final


def _open_visit(card: SecureCard, case: Case) -> Talk[str]:
    """Open the visit record; gives its number, empty for a type that takes none."""
    intent = case.intent
    if not rules.takes_number(intent.visit_type):
        opening = applet.open_visit(case.key, intent.visit_type, is_make_up=intent.make_up)
        yield from card.ask("write_visit", [Step(opening, "open visit", mutating=True)])
        return ""
    taking = applet.take_sequence(case.key, intent.visit_type, is_make_up=intent.make_up)
    (raw,) = yield from card.ask("take_sequence", [Step(taking, "take sequence number", mutating=True)])
    sequence_no = raw.decode("ascii", errors="replace")
    rules.check_number(sequence_no)
    return sequence_no


def _missing_steps(case: Case, sequence_no: str, present: bytes) -> list[Step]:
    """What of the open visit is not on the card yet, or not as this intent has it."""
    present_record, present_diagnoses = applet.split_visit(present)
    record = content.visit_record(case.intent, sequence_no)
    diagnoses = content.diagnosis_record(case.intent)
    steps: list[Step] = []
    if present_record != record.encode():
        steps.append(Step(applet.write_visit(record), "write visit", mutating=True))
    if diagnoses is not None and present_diagnoses != diagnoses.encode():
        steps.append(Step(applet.write_diagnoses(case.key, diagnoses), "write diagnoses", mutating=True))
    return steps


def _visit_bytes(intent: WriteIntent, sequence_no: str) -> bytes:
    diagnoses = content.diagnosis_record(intent)
    return content.visit_record(intent, sequence_no).encode() + (diagnoses.encode() if diagnoses else b"")


def _close_orders(
    card: SecureCard, case: Case, state: RecordState, records: tuple[OrderRecord, ...]
) -> Dialogue:
    raw_records = [record.encode() for record in records]
    digest = applet.orders_digest(raw_records)
    held = raw_records[: state.orders_written]
    is_ours = state.orders_expected == len(records) and state.orders_digest == applet.orders_digest(held)
    if state.orders != "absent" and not is_ours:
        raise words.content_conflict()
    if state.orders != "closed":
        state = yield from _write_orders(card, case, state, records)
        if (state.orders, state.orders_written, state.orders_digest) != ("closed", len(records), digest):
            raise _not_as_written("the orders are not on the card as written")
    receipt = case.issue(
        KIND_PRESCRIPTION,
        {
            "sequence_no": state.sequence_no,
            "orders": str(len(records)),
            "order_signatures": ",".join(sam.order_signature(card.card_no, record) for record in records),
        },
    )
    return CardResult(record=_summary(state), receipt=receipt)


def _write_orders(
    card: SecureCard, case: Case, state: RecordState, records: tuple[OrderRecord, ...]
) -> Talk[RecordState]:
    steps: list[Step] = []
    if state.orders == "absent":
        steps.append(Step(applet.begin_orders(case.key, len(records)), "begin orders", mutating=True))
    for first in range(state.orders_written, len(records), RECORDS_PER_COMMAND):
        some = records[first : first + RECORDS_PER_COMMAND]
        steps.append(
            Step(applet.write_orders(case.key, first, some), f"write orders from {first}", mutating=True)
        )
    if steps:
        yield from card.ask("write_orders", steps)
    digest = applet.orders_digest([record.encode() for record in records])
    closing = applet.commit_orders(case.key, digest)
    yield from card.ask("commit", [Step(closing, "commit orders", mutating=True)])
    (raw,) = yield from card.ask("read_back", [Step(applet.read_state(case.key), "read record state")])
    return _decode_state(raw)


def _decode_state(raw: bytes) -> RecordState:
    try:
        return RecordState.decode(raw)
    except CardError as exc:
        raise damaged(exc) from exc


def _summary(state: RecordState) -> CardRecordState:
    return CardRecordState(visit=state.visit, orders=state.orders, sequence_no=state.sequence_no)


def _not_as_written(title: str) -> Refusal:
    return words.insurer_refusal(words.CARD_FAULT, title, status=409, retry="unknown")
