"""Reading a card: who it is, what it may do, what it holds."""

from __future__ import annotations

import msgspec

from visitbridge.errors import CardError
from visitbridge.protocols.datacentre.cards import CardContents, CardOrder, CardResult, CardVisit
from visitbridge.protocols.nhi import applet
from visitbridge.protocols.nhi.applet import RECORDS_PER_COMMAND, RecordState
from visitbridge.protocols.nhi.records import LastSequence, OrderRecord, Register, VisitRecord
from vpnportal.cards import words
from vpnportal.cards.dialogue import Dialogue, SecureCard, Step, Talk, meet
from vpnportal.problems import Refusal


class Identity(msgspec.Struct, frozen=True):
    """A card as it speaks of itself inside the secure channel."""

    register: Register
    last_sequence: LastSequence
    visit_count: int
    order_count: int


def identify(card: SecureCard, card_no: str | None, key: bytes | None) -> Talk[tuple[Identity, RecordState]]:
    """Compare the card with the intent and see what it holds under the intent's key.

    Raises Refusal card_mismatch: at once, before another person's card is sent anything, and again if the
    record inside the channel names another number. Without a key the state is absent.
    """
    _compare(card.card_no, card_no)
    steps = [
        Step(applet.READ_REGISTER, "read register"),
        Step(applet.READ_LAST_SEQUENCE, "read last sequence number"),
        Step(applet.READ_COUNTS, "read record counts"),
    ]
    if key is not None:
        steps.append(Step(applet.read_state(key), "read record state"))
    data = yield from card.ask("identify", steps)
    register = decode_register(data[0])
    try:
        visits, orders = applet.decode_counts(data[2])
        identity = Identity(register, LastSequence.decode(data[1]), visits, orders)
        state = RecordState(visit="absent", orders="absent") if key is None else RecordState.decode(data[3])
    except CardError as exc:
        raise damaged(exc) from exc
    _compare(register.basic.card_no, card_no)
    return identity, state


def read(host_challenge: bytes) -> Dialogue:
    """Purpose ``read``: everything that a visit team sees of the card."""
    card = yield from meet(host_challenge)
    identity, _ = yield from identify(card, None, None)
    visit_starts = range(0, identity.visit_count, RECORDS_PER_COMMAND)
    order_starts = range(0, identity.order_count, RECORDS_PER_COMMAND)
    steps = [Step(applet.read_visits(first), f"read visits from {first}") for first in visit_starts]
    steps += [Step(applet.read_orders(first), f"read orders from {first}") for first in order_starts]
    pages: tuple[bytes, ...] = ()
    if steps:
        pages = yield from card.ask("read", steps)
    visit_pages, order_pages = pages[: len(visit_starts)], pages[len(visit_starts) :]
    try:
        visits = [VisitRecord.decode(raw) for page in visit_pages for raw in applet.split_visits(page)]
        orders = [OrderRecord.decode(raw) for page in order_pages for raw in applet.split_orders(page)]
    except CardError as exc:
        raise damaged(exc) from exc
    return CardResult(
        contents=contents(
            identity.register,
            visits=tuple(_card_visit(record) for record in visits),
            orders=tuple(_card_order(record) for record in orders),
        )
    )


def contents(
    register: Register, *, visits: tuple[CardVisit, ...] = (), orders: tuple[CardOrder, ...] = ()
) -> CardContents:
    return CardContents(
        basic=register.basic,
        insured=register.is_insured,
        uses_left=register.uses_left,
        valid_until=register.valid_until,
        visits=visits,
        orders=orders,
    )


def decode_register(raw: bytes) -> Register:
    """Raises Refusal 4043 when the register does not read."""
    try:
        return Register.decode(raw)
    except CardError as exc:
        raise damaged(exc) from exc


def damaged(exc: CardError) -> Refusal:
    """A record that came through the secure channel and still does not read."""
    return words.insurer_refusal(words.CARD_FAULT, exc.detail, status=409, field=exc.field or "")


def _compare(card_no: str, wanted: str | None) -> None:
    if wanted is not None and card_no != wanted:
        raise words.card_mismatch()


def _card_visit(record: VisitRecord) -> CardVisit:
    return CardVisit(
        visit_type=record.visit_type,
        visit_time=record.visit_time,
        sequence_no=record.sequence_no,
        institution=record.institution,
        make_up=record.is_make_up,
    )


def _card_order(record: OrderRecord) -> CardOrder:
    return CardOrder(
        visit_time=record.visit_time,
        order_type=record.order_type,
        code=record.code,
        usage=record.usage,
        days=record.days,
        quantity=record.quantity_tenths / 10,
    )
