"""Sessions: one answer per batch, whose session it is, how long it lives, and what the box gets to see."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from tests.vpnportal.cards.driving import (
    BOX,
    DOCTOR,
    INSTITUTION,
    VISIT,
    FixedClock,
    Receipts,
    drive,
    prescription_intent,
    relay,
    request,
    visit_intent,
)
from visitbridge.protocols.datacentre.cards import (
    BatchAnswers,
    OpenCardSession,
    Phase,
    Purpose,
    Script,
    SessionStep,
    intent_digest,
)
from visitbridge.sim.card.nhi import NhiCard
from visitbridge.sim.card.profiles import NHI_PROFILES
from vpnportal.cards import CardSessions
from vpnportal.cards.sessions import SESSION_LIFE, SESSIONS_PER_BOX
from vpnportal.problems import Refusal


@pytest.fixture
def receipts() -> Receipts:
    return Receipts()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def sessions(receipts: Receipts, clock: FixedClock) -> CardSessions:
    return CardSessions(receipts, clock)


@pytest.fixture
def card() -> NhiCard:
    return NhiCard(NHI_PROFILES[0])


def _open(sessions: CardSessions, asked: OpenCardSession, *, box_id: str = BOX) -> SessionStep:
    return sessions.open(asked, box_id=box_id, institution=INSTITUTION, staff=DOCTOR)


def _script(step: SessionStep) -> Script:
    assert step.script is not None
    return step.script


def _refused(caught: pytest.ExceptionInfo[Refusal]) -> tuple[int, str, str]:
    problem = caught.value.problem
    return problem.status, problem.code, problem.retry


PHASES: list[object] = [
    pytest.param(
        request("write_visit", VISIT),
        ["authenticate", "identify", "take_sequence", "write_visit", "commit", "read_back"],
        id="write visit",
    ),
    pytest.param(
        request("write_visit", visit_intent(visit_type="AH")),
        ["authenticate", "identify", "write_visit", "write_visit", "commit", "read_back"],
        id="write visit without number",
    ),
    pytest.param(request("read_back", VISIT), ["authenticate", "identify"], id="read back"),
    pytest.param(request("repair", VISIT), ["authenticate", "identify"], id="repair of nothing"),
    pytest.param(request("read"), ["authenticate", "identify"], id="read of an empty card"),
]


@pytest.mark.parametrize(("asked", "phases"), PHASES)
def test_phases(asked: OpenCardSession, phases: list[Phase], sessions: CardSessions, card: NhiCard) -> None:
    scripts: list[Script] = []
    drive(card, sessions, asked, scripts=scripts)

    assert [script.phase for script in scripts] == phases


def test_phases_of_a_prescription(sessions: CardSessions, card: NhiCard) -> None:
    drive(card, sessions, request("write_visit", VISIT))
    scripts: list[Script] = []
    drive(card, sessions, request("write_prescription", prescription_intent()), scripts=scripts)

    assert [script.phase for script in scripts] == [
        "authenticate",
        "identify",
        "write_orders",
        "commit",
        "read_back",
    ]


def test_only_steps_that_change_records_are_marked(sessions: CardSessions, card: NhiCard) -> None:
    scripts: list[Script] = []
    drive(card, sessions, request("write_visit", VISIT), scripts=scripts)
    drive(card, sessions, request("write_prescription", prescription_intent()), scripts=scripts)

    marked = [step.label for script in scripts for step in script.steps if step.mutating]
    assert marked == [
        "take sequence number",
        "write visit",
        "write diagnoses",
        "commit visit",
        "begin orders",
        "write orders from 0",
        "write orders from 3",
        "write orders from 6",
        "commit orders",
    ]


def test_nothing_of_the_visit_is_readable_on_the_way(sessions: CardSessions, card: NhiCard) -> None:
    scripts: list[Script] = []
    drive(card, sessions, request("write_visit", VISIT), scripts=scripts)

    sent = b"".join(bytes.fromhex(step.apdu) for script in scripts for step in script.steps)
    assert VISIT.visit_time.encode() not in sent
    assert INSTITUTION.encode() not in sent


def test_a_visit_gets_its_receipt_and_the_card_its_record(
    sessions: CardSessions, card: NhiCard, receipts: Receipts
) -> None:
    result = drive(card, sessions, request("write_visit", VISIT))

    assert result.receipt is not None
    assert result.receipt == receipts.find("visit-1")
    assert (result.receipt.kind, result.receipt.digest) == ("card_visit", intent_digest(VISIT))
    assert result.receipt.insurer["sequence_no"] == "0001"
    assert len(result.receipt.insurer["signature"]) == 256
    (entry,) = card.memory.entries
    assert entry.record[:41] == "01 " + VISIT.visit_time + "1" + "0001" + INSTITUTION + "00001631" + "00"
    assert entry.diagnoses.split() == ["1", "I10", "E119"]


def test_a_make_up_visit_is_marked(sessions: CardSessions, card: NhiCard) -> None:
    drive(card, sessions, request("write_visit", visit_intent(make_up=True)))

    (entry,) = card.memory.entries
    assert (entry.record[16], entry.diagnoses[0]) == ("2", "2")


def test_contents_after_a_visit_and_a_prescription(sessions: CardSessions, card: NhiCard) -> None:
    drive(card, sessions, request("write_visit", VISIT))
    drive(card, sessions, request("write_prescription", prescription_intent(count=7)))

    contents = drive(card, sessions, request("read")).contents

    assert contents is not None
    assert contents.basic == NHI_PROFILES[0].basic
    assert (contents.insured, contents.uses_left) == (True, 5)
    assert [(visit.visit_type, visit.sequence_no) for visit in contents.visits] == [("01", "0001")]
    assert [(order.code, order.usage, order.days, order.quantity) for order in contents.orders] == [
        (f"DEMO{index:06d}", "BID PO", 7, 14.5) for index in range(7)
    ]


def test_a_prescription_of_one_order_in_one_chunk(sessions: CardSessions, card: NhiCard) -> None:
    drive(card, sessions, request("write_visit", VISIT))
    result = drive(card, sessions, request("write_prescription", prescription_intent(count=1)))

    assert result.receipt is not None
    assert len(result.receipt.insurer["order_signatures"]) == 40


def test_sixty_orders(sessions: CardSessions, card: NhiCard) -> None:
    drive(card, sessions, request("write_visit", VISIT))
    result = drive(card, sessions, request("write_prescription", prescription_intent(count=60)))

    assert result.receipt is not None
    assert result.receipt.insurer["orders"] == "60"
    assert card.memory.entries[0].orders_written == 60


def test_an_update_gives_uses_back(sessions: CardSessions) -> None:
    card = NhiCard(msgspec.structs.replace(NHI_PROFILES[0], uses_left=3))

    contents = drive(card, sessions, request("update")).contents

    assert contents is not None
    assert contents.uses_left == card.memory.uses_left == 6


@pytest.mark.parametrize("purpose", ["write_visit", "repair"])
def test_a_closed_visit_is_not_touched_again(purpose: Purpose, sessions: CardSessions, card: NhiCard) -> None:
    first = drive(card, sessions, request("write_visit", VISIT))
    entries = msgspec.json.encode(card.memory.entries)
    scripts: list[Script] = []

    again = drive(card, sessions, request(purpose, VISIT), scripts=scripts)

    assert again.receipt == first.receipt
    assert msgspec.json.encode(card.memory.entries) == entries
    assert not any(step.mutating for script in scripts for step in script.steps)


def test_a_closed_prescription_is_not_touched_again(sessions: CardSessions, card: NhiCard) -> None:
    drive(card, sessions, request("write_visit", VISIT))
    first = drive(card, sessions, request("write_prescription", prescription_intent()))
    scripts: list[Script] = []

    again = drive(card, sessions, request("write_prescription", prescription_intent()), scripts=scripts)

    assert again.receipt == first.receipt
    assert not any(step.mutating for script in scripts for step in script.steps)


def test_read_back_of_nothing(sessions: CardSessions, card: NhiCard) -> None:
    result = drive(card, sessions, request("read_back", VISIT))

    assert result.record is not None
    assert (result.record.visit, result.record.orders, result.receipt) == ("absent", "absent", None)


def test_repair_of_a_prescription_that_never_began_promises_nothing(
    sessions: CardSessions, card: NhiCard, receipts: Receipts
) -> None:
    drive(card, sessions, request("write_visit", VISIT))

    result = drive(card, sessions, request("repair", prescription_intent()))

    assert result.receipt is None
    assert result.record is not None
    assert result.record.orders == "absent"
    assert receipts.find("prescription-1") is None


def _up_to_commit(sessions: CardSessions, card: NhiCard) -> tuple[SessionStep, BatchAnswers]:
    """A visit session whose commit has been played on the card and not yet been posted."""
    card.reset()
    step = _open(sessions, request("write_visit", VISIT))
    answers = relay(card, _script(step))
    while _script(step).phase != "commit":
        step = sessions.answer(step.session_id, box_id=BOX, answers=answers)
        answers = relay(card, _script(step))
    return step, answers


def test_the_same_batch_twice_gives_the_same_answer(sessions: CardSessions, card: NhiCard) -> None:
    step, answers = _up_to_commit(sessions, card)

    once = sessions.answer(step.session_id, box_id=BOX, answers=answers)

    assert sessions.answer(step.session_id, box_id=BOX, answers=answers) == once
    assert sessions.answer(step.session_id, box_id=BOX, answers=answers) == once


def test_the_last_batch_twice_gives_the_same_receipt(
    sessions: CardSessions, card: NhiCard, receipts: Receipts
) -> None:
    step, answers = _up_to_commit(sessions, card)
    step = sessions.answer(step.session_id, box_id=BOX, answers=answers)
    answers = relay(card, _script(step))

    once = sessions.answer(step.session_id, box_id=BOX, answers=answers)

    assert once.card is not None
    assert sessions.answer(step.session_id, box_id=BOX, answers=answers) == once
    assert receipts.issued == 1


def test_the_batch_that_was_refused_is_refused_again(sessions: CardSessions, card: NhiCard) -> None:
    step, answers = _up_to_commit(sessions, card)
    refused = BatchAnswers(batch_id=answers.batch_id, answers=("6F00",), stopped_at=0)

    problems = []
    for _ in range(2):
        with pytest.raises(Refusal) as caught:
            sessions.answer(step.session_id, box_id=BOX, answers=refused)
        problems.append(caught.value.problem)

    assert problems[0] == problems[1]
    assert problems[0].code == "4043"


def test_a_batch_that_is_not_waited_for(sessions: CardSessions, card: NhiCard) -> None:
    step, answers = _up_to_commit(sessions, card)
    sessions.answer(step.session_id, box_id=BOX, answers=answers)
    other = msgspec.structs.replace(answers, answers=("6F00",), stopped_at=0)

    with pytest.raises(Refusal) as caught:
        sessions.answer(step.session_id, box_id=BOX, answers=other)

    assert _refused(caught) == (409, "batch_mismatch", "unknown")


@pytest.mark.parametrize(
    ("answers", "stopped_at"),
    [
        pytest.param((), None, id="none"),
        pytest.param(("9000",), None, id="too few"),
        pytest.param(("9000", "9000", "9000"), None, id="too many"),
        pytest.param(("9000",), 0, id="stopped at a success"),
        pytest.param(("9000", "6F00"), 0, id="stopped elsewhere"),
        pytest.param(("9000", "90"), None, id="no status word"),
        pytest.param(("9000", "9000", "6F00"), 2, id="stopped past the end"),
    ],
)
def test_answers_that_cannot_belong_to_the_script(
    answers: tuple[str, ...], stopped_at: int | None, sessions: CardSessions
) -> None:
    step = _open(sessions, request("read"))
    posted = BatchAnswers(batch_id=_script(step).batch_id, answers=answers, stopped_at=stopped_at)

    with pytest.raises(Refusal) as caught:
        sessions.answer(step.session_id, box_id=BOX, answers=posted)

    assert _refused(caught) == (400, "malformed", "never")


def _nobodys_answers() -> BatchAnswers:
    return BatchAnswers(batch_id="", answers=())


def test_another_boxs_session_does_not_exist(sessions: CardSessions) -> None:
    step = _open(sessions, request("read"))

    with pytest.raises(Refusal) as caught:
        sessions.answer(step.session_id, box_id="box-2", answers=_nobodys_answers())

    assert _refused(caught) == (404, "unknown_session", "unknown")


def test_another_box_cannot_close_it(sessions: CardSessions, card: NhiCard) -> None:
    step = _open(sessions, request("read"))
    sessions.close(step.session_id, box_id="box-2")

    assert sessions.answer(step.session_id, box_id=BOX, answers=relay(card, _script(step))).script


def test_a_closed_session_does_not_exist(sessions: CardSessions, card: NhiCard) -> None:
    step = _open(sessions, request("read"))
    sessions.close(step.session_id, box_id=BOX)
    sessions.close(step.session_id, box_id=BOX)

    with pytest.raises(Refusal) as caught:
        sessions.answer(step.session_id, box_id=BOX, answers=relay(card, _script(step)))

    assert _refused(caught) == (404, "unknown_session", "unknown")


def test_a_session_ends_by_itself(sessions: CardSessions, card: NhiCard, clock: FixedClock) -> None:
    step = _open(sessions, request("read"))
    clock.time += SESSION_LIFE + dt.timedelta(seconds=1)

    with pytest.raises(Refusal) as caught:
        sessions.answer(step.session_id, box_id=BOX, answers=relay(card, _script(step)))

    assert _refused(caught) == (404, "unknown_session", "unknown")


def test_a_box_that_never_closes_loses_its_oldest_session(sessions: CardSessions, card: NhiCard) -> None:
    other = _open(sessions, request("read"), box_id="box-2")
    steps = [_open(sessions, request("read")) for _ in range(SESSIONS_PER_BOX + 1)]

    with pytest.raises(Refusal):
        sessions.answer(steps[0].session_id, box_id=BOX, answers=relay(card, _script(steps[0])))
    assert sessions.answer(steps[1].session_id, box_id=BOX, answers=relay(card, _script(steps[1]))).script
    assert sessions.answer(other.session_id, box_id="box-2", answers=relay(card, _script(other))).script


def test_two_boxes_may_work_at_once(sessions: CardSessions) -> None:
    cards = [NhiCard(profile) for profile in NHI_PROFILES[:2]]
    intents = [
        visit_intent(key=f"visit-{card.card_id}", card_no=card_no)
        for card, card_no in zip(cards, ("900000000001", "900000000002"), strict=True)
    ]
    steps = [
        _open(sessions, request("write_visit", intent), box_id=card.card_id)
        for card, intent in zip(cards, intents, strict=True)
    ]
    while any(step.script for step in steps):
        steps = [
            sessions.answer(step.session_id, box_id=card.card_id, answers=relay(card, _script(step)))
            for card, step in zip(cards, steps, strict=True)
        ]

    assert [card.memory.entries[0].visit for card in cards] == ["closed", "closed"]


def test_a_receipt_that_cannot_be_stored_leaves_the_session_unknown(card: NhiCard) -> None:
    sessions = CardSessions(Receipts(OSError(28, "No space left on device")), FixedClock())
    step, answers = _up_to_commit(sessions, card)
    step = sessions.answer(step.session_id, box_id=BOX, answers=answers)
    answers = relay(card, _script(step))

    with pytest.raises(OSError, match="No space"):
        sessions.answer(step.session_id, box_id=BOX, answers=answers)
    with pytest.raises(Refusal) as caught:
        sessions.answer(step.session_id, box_id=BOX, answers=answers)

    assert _refused(caught) == (404, "unknown_session", "unknown")
