"""What the data centre decides by itself: who, which card, whether it may be written, and what it believes."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from tests.vpnportal.cards.driving import (
    BOX,
    DOCTOR,
    INSTITUTION,
    NOW,
    VISIT,
    FixedClock,
    Receipts,
    drive,
    prescription_intent,
    relay,
    request,
    visit_intent,
)
from visitbridge.domain.people import Right, StaffKind
from visitbridge.domain.visit import Diagnosis, Order, OrderKind
from visitbridge.protocols.datacentre.cards import (
    BatchAnswers,
    Purpose,
    SessionStep,
    WriteIntent,
)
from visitbridge.sim.card import VirtualCard, build_card
from visitbridge.sim.card.nhi import NhiCard
from visitbridge.sim.card.profiles import NHI_PROFILES
from vpnportal.cards import CardSessions, StaffView
from vpnportal.cards.rules import NUMBERED_TYPES, UNNUMBERED_TYPES
from vpnportal.problems import Refusal

PROFILE = NHI_PROFILES[0]


@pytest.fixture
def receipts() -> Receipts:
    return Receipts()


@pytest.fixture
def sessions(receipts: Receipts) -> CardSessions:
    return CardSessions(receipts, FixedClock())


def _card(**changes: object) -> NhiCard:
    return NhiCard(msgspec.structs.replace(PROFILE, **changes))


def _staff(kind: StaffKind = StaffKind.DOCTOR, *rights: Right) -> StaffView:
    return msgspec.structs.replace(DOCTOR, kind=kind, rights=rights)


def _problem(caught: pytest.ExceptionInfo[Refusal]) -> tuple[str, str, str]:
    problem = caught.value.problem
    assert problem.words
    return problem.code, problem.field, problem.retry


def _order(**changes: object) -> Order:
    order = Order(kind=OrderKind.DRUG, code="DEMO1", frequency="QD", route="PO", days=7, total=7.0)
    return msgspec.structs.replace(order, **changes)


INTENTS = [
    pytest.param(
        visit_intent(institution="3500000000"), "checks_failed", "intent.institution", id="institution"
    ),
    pytest.param(visit_intent(card_no="90000000000"), "malformed", "intent.card_no", id="short card number"),
    pytest.param(visit_intent(card_no="000000000001"), "9203", "intent.card_no", id="production card"),
    pytest.param(
        visit_intent(visit_type="XX"), "checks_failed", "intent.visit_type", id="unknown visit type"
    ),
    pytest.param(visit_intent(visit_type="AC"), "checks_failed", "intent.visit_type", id="preventive care"),
    pytest.param(visit_intent(visit_type="ZA"), "checks_failed", "intent.visit_type", id="cancellation"),
    pytest.param(
        visit_intent(visit_time="1151322103000"), "malformed", "intent.visit_time", id="no such month"
    ),
    pytest.param(visit_intent(visit_time="1151122113000"), "checks_failed", "intent.visit_time", id="future"),
    pytest.param(visit_intent(fee_points=10**8), "checks_failed", "intent.fee_points", id="fee"),
    pytest.param(visit_intent(copay_points=-1), "checks_failed", "intent.copay_points", id="copay"),
    pytest.param(
        visit_intent(diagnoses=(Diagnosis(code="I10"), Diagnosis(code="高血壓"))),
        "checks_failed",
        "intent.diagnoses[1].code",
        id="diagnosis",
    ),
    pytest.param(
        visit_intent(orders=(_order(), _order(code="X" * 13))),
        "checks_failed",
        "intent.orders[1].code",
        id="code",
    ),
    pytest.param(
        visit_intent(orders=(_order(code=" X"),)), "checks_failed", "intent.orders[0].code", id="blank"
    ),
    pytest.param(
        visit_intent(orders=(_order(frequency="W" * 18),)),
        "checks_failed",
        "intent.orders[0].frequency",
        id="usage",
    ),
    pytest.param(
        visit_intent(orders=(_order(total=1.25),)),
        "checks_failed",
        "intent.orders[0].total",
        id="two decimals",
    ),
]


@pytest.mark.parametrize(("intent", "code", "field"), INTENTS)
@pytest.mark.parametrize("purpose", ["write_visit", "write_prescription", "repair", "read_back"])
def test_an_intent_that_cannot_be_written_is_refused_before_the_card_is_touched(
    purpose: Purpose, intent: WriteIntent, code: str, field: str, sessions: CardSessions
) -> None:
    with pytest.raises(Refusal) as caught:
        sessions.open(request(purpose, intent), box_id=BOX, institution=INSTITUTION, staff=DOCTOR)

    assert _problem(caught) == (code, field, "never")


@pytest.mark.parametrize("purpose", ["write_visit", "write_prescription", "repair", "read_back"])
def test_writing_needs_an_intent(purpose: Purpose, sessions: CardSessions) -> None:
    with pytest.raises(Refusal) as caught:
        sessions.open(request(purpose), box_id=BOX, institution=INSTITUTION, staff=DOCTOR)

    assert _problem(caught) == ("malformed", "intent", "never")


def test_a_clock_a_little_ahead_is_forgiven(sessions: CardSessions) -> None:
    drive(_card(), sessions, request("write_visit", visit_intent(visit_time="1151122110430")))


@pytest.mark.parametrize(
    ("purpose", "rights"),
    [
        ("write_visit", ()),
        ("write_visit", (Right.DISPENSING, Right.SETTINGS)),
        ("write_prescription", (Right.DISPENSING,)),
        ("repair", (Right.DISPENSING,)),
        ("update", (Right.EMERGENCY,)),
        ("read", (Right.SETTINGS,)),
        ("read_back", ()),
    ],
)
def test_rights(purpose: Purpose, rights: tuple[Right, ...], sessions: CardSessions) -> None:
    staff = _staff(StaffKind.DOCTOR, *rights)
    with pytest.raises(Refusal) as caught:
        sessions.open(request(purpose, VISIT), box_id=BOX, institution=INSTITUTION, staff=staff)

    assert _problem(caught) == ("right_missing", "", "never")


def test_dispensing_staff_may_read(sessions: CardSessions) -> None:
    staff = _staff(StaffKind.PHARMACIST, Right.DISPENSING)

    assert drive(_card(), sessions, request("read"), staff=staff).contents is not None


@pytest.mark.parametrize(
    ("kind", "refusals"),
    [
        (OrderKind.DRUG, []),
        (OrderKind.CONTROLLED, []),
        (OrderKind.SERVICE, ["4029"]),
        (OrderKind.TEST, ["4029"]),
        (OrderKind.MATERIAL, ["4029"]),
    ],
)
def test_a_pharmacist_writes_drug_orders_only(
    kind: OrderKind, refusals: list[str], sessions: CardSessions
) -> None:
    """API manual 5.1.3: pharmacist cards write order types 1, 2, A, B."""
    intent = visit_intent(orders=(_order(), _order(kind=kind)))
    codes: list[str] = []
    try:
        sessions.open(
            request("write_prescription", intent),
            box_id=BOX,
            institution=INSTITUTION,
            staff=_staff(StaffKind.PHARMACIST, Right.VISITS),
        )
    except Refusal as refusal:
        codes.append(refusal.problem.code)

    assert codes == refusals


CARDS = [
    pytest.param({"uses_left": 0}, "5001", id="no uses left"),
    pytest.param({"valid_until": dt.date(2026, 11, 21)}, "5003", id="expired yesterday"),
    pytest.param({"insured_status": ""}, "5012", id="not insured"),
    pytest.param({"is_cancelled": True}, "5002", id="cancelled"),
]


@pytest.mark.parametrize(("changes", "code"), CARDS)
def test_a_card_that_may_not_be_written(
    changes: dict[str, object], code: str, sessions: CardSessions
) -> None:
    card = _card(**changes)

    with pytest.raises(Refusal) as caught:
        drive(card, sessions, request("write_visit", VISIT))

    assert _problem(caught) == (code, "", "never")
    assert card.memory.entries == []


@pytest.mark.parametrize(("changes", "code"), CARDS)
def test_a_card_that_may_not_be_written_may_be_read(
    changes: dict[str, object], code: str, sessions: CardSessions
) -> None:
    assert drive(_card(**changes), sessions, request("read")).contents is not None


def test_the_last_day_of_validity_counts(sessions: CardSessions) -> None:
    drive(_card(valid_until=dt.date(2026, 11, 22)), sessions, request("write_visit", VISIT))


def test_a_visit_without_number_needs_no_uses(sessions: CardSessions) -> None:
    drive(_card(uses_left=0), sessions, request("write_visit", visit_intent(visit_type="AH")))


def test_a_visit_begun_before_the_uses_ran_out_can_be_finished(sessions: CardSessions) -> None:
    card = _card(uses_left=1)
    _take_number_only(card, sessions)

    assert drive(card, sessions, request("repair", VISIT)).receipt is not None


def _take_number_only(card: VirtualCard, sessions: CardSessions) -> SessionStep:
    card.reset()
    step = sessions.open(request("write_visit", VISIT), box_id=BOX, institution=INSTITUTION, staff=DOCTOR)
    while step.script is not None and step.script.phase != "write_visit":
        step = sessions.answer(step.session_id, box_id=BOX, answers=relay(card, step.script))
    return step


def test_numbers_end_at_1500(sessions: CardSessions) -> None:
    card = _card()
    card.memory.last_numbers["115"] = 1499

    assert drive(card, sessions, request("write_visit", VISIT)).record is not None
    with pytest.raises(Refusal) as caught:
        drive(card, sessions, request("write_visit", visit_intent(key="v2", visit_time="1151122104500")))

    assert _problem(caught) == ("sequence_range", "", "never")
    assert card.memory.last_numbers == {"115": 1500}


def test_the_numbers_of_last_year_do_not_count(sessions: CardSessions) -> None:
    card = _card()
    card.memory.last_numbers["114"] = 1500

    record = drive(card, sessions, request("write_visit", VISIT)).record

    assert record is not None
    assert record.sequence_no == "0001"


def test_an_update_is_refused_while_uses_remain(sessions: CardSessions) -> None:
    with pytest.raises(Refusal) as caught:
        drive(_card(uses_left=4), sessions, request("update"))

    assert _problem(caught) == ("9081", "", "never")


def test_an_expired_card_is_updated_even_with_uses_left(sessions: CardSessions) -> None:
    contents = drive(
        _card(uses_left=6, valid_until=dt.date(2026, 1, 1)), sessions, request("update")
    ).contents

    assert contents is not None
    assert contents.valid_until == NOW.date() + dt.timedelta(days=365)


def test_a_cancelled_card_is_not_updated(sessions: CardSessions) -> None:
    with pytest.raises(Refusal) as caught:
        drive(_card(uses_left=0, is_cancelled=True), sessions, request("update"))

    assert _problem(caught) == ("5002", "", "never")


class Counting:
    """Counts the commands that reach a card."""

    def __init__(self, card: NhiCard) -> None:
        self._card = card
        self.card_id = card.card_id
        self.atr = card.atr
        self.commands: list[bytes] = []
        self.reset = card.reset
        self.snapshot = card.snapshot

    def execute(self, apdu: bytes) -> bytes:
        self.commands.append(apdu)
        return self._card.execute(apdu)


@pytest.mark.parametrize("purpose", ["write_visit", "write_prescription", "repair", "read_back"])
def test_another_persons_card_is_left_alone(purpose: Purpose, sessions: CardSessions) -> None:
    card = Counting(NhiCard(NHI_PROFILES[1]))

    with pytest.raises(Refusal) as caught:
        drive(card, sessions, request(purpose, VISIT))

    assert _problem(caught) == ("card_mismatch", "intent.card_no", "never")
    assert [command[:2].hex() for command in card.commands] == ["00a4", "8050"]


def test_a_card_swapped_during_the_session_is_not_believed(sessions: CardSessions) -> None:
    first, second = _card(), NhiCard(NHI_PROFILES[1])
    step = _take_number_only(first, sessions)
    assert step.script is not None

    with pytest.raises(Refusal) as caught:
        sessions.answer(step.session_id, box_id=BOX, answers=relay(second, step.script))

    assert _problem(caught) == ("4043", "", "unknown")
    assert second.memory.entries == []


@pytest.mark.parametrize("card_id", ["other-card", "hpc-doctor"])
def test_a_card_without_the_application(card_id: str, sessions: CardSessions) -> None:
    with pytest.raises(Refusal) as caught:
        drive(build_card(card_id), sessions, request("read"))

    assert _problem(caught) == ("4033", "", "never")


def test_a_success_invented_by_the_box_is_not_believed(sessions: CardSessions, receipts: Receipts) -> None:
    card = _card()
    step = _take_number_only(card, sessions)
    assert step.script is not None
    forged = BatchAnswers(batch_id=step.script.batch_id, answers=("9000",) * len(step.script.steps))

    with pytest.raises(Refusal) as caught:
        sessions.answer(step.session_id, box_id=BOX, answers=forged)

    assert _problem(caught) == ("4071", "", "unknown")
    assert receipts.by_key == {}


def test_answers_recorded_earlier_are_not_believed(sessions: CardSessions) -> None:
    card = _card()
    asked = request("read_back", VISIT)
    step = sessions.open(asked, box_id=BOX, institution=INSTITUTION, staff=DOCTOR)
    assert step.script is not None
    recorded = relay(card, step.script)

    again = sessions.open(asked, box_id=BOX, institution=INSTITUTION, staff=DOCTOR)
    assert again.script is not None
    replayed = msgspec.structs.replace(recorded, batch_id=again.script.batch_id)
    with pytest.raises(Refusal) as caught:
        sessions.answer(again.session_id, box_id=BOX, answers=replayed)

    assert _problem(caught) == ("4071", "", "never")


def test_a_card_that_does_not_hold_its_keys_is_not_believed(sessions: CardSessions) -> None:
    """A card personalised with one number, answering with another one's name in the diversification data."""
    honest = _card()
    step = sessions.open(request("read"), box_id=BOX, institution=INSTITUTION, staff=DOCTOR)
    assert step.script is not None
    answers = relay(honest, step.script)
    lying = answers.answers[1].replace("900000000001", "900000000002")

    with pytest.raises(Refusal) as caught:
        sessions.answer(
            step.session_id,
            box_id=BOX,
            answers=msgspec.structs.replace(answers, answers=(answers.answers[0], lying)),
        )

    assert _problem(caught) == ("4071", "", "never")


def test_a_card_of_the_production_realm_is_refused(sessions: CardSessions) -> None:
    step = sessions.open(request("read"), box_id=BOX, institution=INSTITUTION, staff=DOCTOR)
    assert step.script is not None
    answers = relay(_card(), step.script)
    production = answers.answers[1].replace("900000000001", "000000000001")

    with pytest.raises(Refusal) as caught:
        sessions.answer(
            step.session_id,
            box_id=BOX,
            answers=msgspec.structs.replace(answers, answers=(answers.answers[0], production)),
        )

    assert _problem(caught) == ("9203", "", "never")


def test_other_content_under_a_known_key_is_refused_before_the_card_is_touched(
    sessions: CardSessions,
) -> None:
    drive(_card(), sessions, request("write_visit", VISIT))

    with pytest.raises(Refusal) as caught:
        sessions.open(
            request("write_visit", visit_intent(fee_points=1)),
            box_id=BOX,
            institution=INSTITUTION,
            staff=DOCTOR,
        )

    assert _problem(caught) == ("key_conflict", "intent.key", "never")


@pytest.mark.parametrize(
    "changes",
    [{"fee_points": 1}, {"visit_type": "04"}, {"make_up": True}, {"diagnoses": ()}],
    ids=["fee", "visit type", "make-up", "diagnoses"],
)
def test_a_closed_visit_with_other_content_is_not_overwritten(
    changes: dict[str, object], sessions: CardSessions
) -> None:
    card = _card()
    drive(card, sessions, request("write_visit", VISIT))
    before = msgspec.json.encode(card.memory.entries)

    with pytest.raises(Refusal) as caught:
        drive(card, sessions, request("write_visit", visit_intent(key="another", **changes)))

    assert _problem(caught) == ("key_conflict", "", "never")
    assert msgspec.json.encode(card.memory.entries) == before


def test_closed_orders_with_other_content_are_not_overwritten(sessions: CardSessions) -> None:
    card = _card()
    drive(card, sessions, request("write_visit", VISIT))
    drive(card, sessions, request("write_prescription", prescription_intent()))
    other = visit_intent(key="another", orders=(_order(),))

    with pytest.raises(Refusal) as caught:
        drive(card, sessions, request("write_prescription", other))

    assert _problem(caught) == ("key_conflict", "", "never")


def test_a_prescription_needs_its_visit_on_the_card(sessions: CardSessions) -> None:
    card = _card()

    with pytest.raises(Refusal) as caught:
        drive(card, sessions, request("write_prescription", prescription_intent()))

    assert _problem(caught) == ("5022", "", "never")
    assert card.memory.entries == []


def test_a_receipt_without_a_record_on_the_card_needs_a_person(sessions: CardSessions) -> None:
    """The card was replaced, or is not what it was: taking a second number would hide that."""
    drive(_card(), sessions, request("write_visit", VISIT))
    blank = _card()

    with pytest.raises(Refusal) as caught:
        drive(blank, sessions, request("write_visit", VISIT))

    assert _problem(caught) == ("5022", "", "never")
    assert blank.memory.entries == []


def test_self_paid_lines_stay_off_the_card(sessions: CardSessions) -> None:
    card = _card()
    intent = visit_intent(
        key="p",
        orders=(_order(kind=OrderKind.SELF_PAID), _order(code="DEMO2"), _order(kind=OrderKind.SELF_PAID)),
    )
    drive(card, sessions, request("write_visit", VISIT))
    result = drive(card, sessions, request("write_prescription", intent))

    assert [order[14:26].strip() for order in card.memory.entries[0].orders] == ["DEMO2"]
    assert result.receipt is not None
    assert result.receipt.insurer["orders"] == "1"


def test_a_prescription_of_self_paid_lines_only_is_closed_at_once(sessions: CardSessions) -> None:
    card = _card()
    intent = visit_intent(key="p", orders=(_order(kind=OrderKind.SELF_PAID),))
    drive(card, sessions, request("write_visit", VISIT))

    record = drive(card, sessions, request("write_prescription", intent)).record

    assert record is not None
    assert record.orders == "closed"


def test_a_repair_never_gives_a_prescription_the_visits_receipt(
    sessions: CardSessions, receipts: Receipts
) -> None:
    card = _card()
    drive(card, sessions, request("write_visit", VISIT))
    intent = visit_intent(key="p", orders=(_order(kind=OrderKind.SELF_PAID),))

    assert drive(card, sessions, request("repair", intent)).receipt is None
    assert receipts.find("p") is None


def test_only_drugs_carry_usage_and_days(sessions: CardSessions) -> None:
    card = _card()
    drive(card, sessions, request("write_visit", VISIT))
    intent = visit_intent(key="p", orders=(_order(), _order(kind=OrderKind.SERVICE)))
    drive(card, sessions, request("write_prescription", intent))

    assert [order[32:52] for order in card.memory.entries[0].orders] == [
        "QD PO" + " " * 13 + "07",
        " " * 18 + "00",
    ]


@pytest.mark.parametrize(
    ("kind", "chronic", "dispensing", "marks"),
    [
        (OrderKind.DRUG, False, "0", ("1", "01")),
        (OrderKind.DRUG, False, "1", ("1", "02")),
        (OrderKind.DRUG, True, "0", ("2", "05")),
        (OrderKind.DRUG, True, "1", ("2", "06")),
        (OrderKind.CONTROLLED, False, "1", ("1", "02")),
        (OrderKind.SERVICE, False, "0", ("3", "03")),
        (OrderKind.TEST, False, "1", ("3", "04")),
        (OrderKind.MATERIAL, False, "0", ("4", "03")),
    ],
)
def test_order_type_and_dispensing_mark(
    kind: OrderKind, chronic: bool, dispensing: str, marks: tuple[str, str], sessions: CardSessions
) -> None:
    """UP-1.0, pairs of A72 and A78: 1→01,02; 2→05,06; 3,4→03,04."""
    card = _card()
    intent = visit_intent(key="p", orders=(_order(kind=kind, chronic=chronic),), dispensing=dispensing)
    drive(card, sessions, request("write_visit", VISIT))
    drive(card, sessions, request("write_prescription", intent))

    (order,) = card.memory.entries[0].orders
    assert (order[13], order[59:61]) == marks


def test_visit_types_are_those_of_the_public_table() -> None:
    """就醫類別: 01 to 09 take a number; AC takes its own kind, EA and ZA, ZB are no visits of ours."""
    assert {f"{number:02d}" for number in range(1, 10)} == NUMBERED_TYPES
    assert len(UNNUMBERED_TYPES) == 21
    assert not {"AC", "EA", "ZA", "ZB", "00"} & (NUMBERED_TYPES | UNNUMBERED_TYPES)
