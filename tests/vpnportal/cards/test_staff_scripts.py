"""Signing in with an HPC: what the data centre believes."""

from __future__ import annotations

import msgspec
import pytest

from tests.vpnportal.cards.driving import relay
from visitbridge.domain.people import StaffKind
from visitbridge.protocols.datacentre.cards import BatchAnswers, Script
from visitbridge.protocols.nhi.hpc import pin_block
from visitbridge.sim.card import build_card
from visitbridge.sim.card.profiles import LAB_PIN
from vpnportal.cards import HolderIdentity, SignIn, StaffScripts
from vpnportal.problems import Refusal


@pytest.fixture
def scripts() -> StaffScripts:
    return StaffScripts()


def _with_pin(script: Script, pin: str) -> Script:
    """What the box does with the step marked for the PIN."""
    header_length = 5
    steps = tuple(
        msgspec.structs.replace(
            step, apdu=step.apdu[: 2 * header_length] + pin_block(pin.encode()).hex().upper(), pin=False
        )
        if step.pin
        else step
        for step in script.steps
    )
    return msgspec.structs.replace(script, steps=steps)


def _begin(
    scripts: StaffScripts, card_id: str = "hpc-doctor", pin: str = LAB_PIN
) -> tuple[SignIn, BatchAnswers]:
    sign_in, script = scripts.begin()
    return sign_in, relay(build_card(card_id), _with_pin(script, pin))


def _problem(caught: pytest.ExceptionInfo[Refusal]) -> tuple[str, int | None]:
    return caught.value.problem.code, caught.value.problem.tries_left


@pytest.mark.parametrize(
    ("card_id", "identity"),
    [
        ("hpc-doctor", HolderIdentity(hpc_no="990000000001", name="醫師樣本", kind=StaffKind.DOCTOR)),
        ("hpc-pharmacist", HolderIdentity(hpc_no="990000000002", name="藥師樣本", kind=StaffKind.PHARMACIST)),
        ("hpc-nurse", HolderIdentity(hpc_no="990000000003", name="護理師樣本", kind=StaffKind.NURSE)),
    ],
)
def test_who_it_was(card_id: str, identity: HolderIdentity, scripts: StaffScripts) -> None:
    assert scripts.finish(*_begin(scripts, card_id)) == identity


def test_the_script_carries_no_pin_and_marks_where_it_goes(scripts: StaffScripts) -> None:
    _, script = scripts.begin()

    assert script.phase == "verify_pin"
    assert [(step.apdu, step.pin) for step in script.steps if step.pin] == [("0020000108" + "FF" * 8, True)]
    assert not any(step.mutating for step in script.steps)


def test_every_sign_in_has_its_own_challenge(scripts: StaffScripts) -> None:
    first, second = scripts.begin()[0], scripts.begin()[0]

    assert first.challenge != second.challenge
    assert first.batch_id != second.batch_id


def test_a_wrong_pin_says_how_many_tries_are_left(scripts: StaffScripts) -> None:
    card = build_card("hpc-doctor")
    problems: list[tuple[str, int | None]] = []
    for _ in range(4):
        sign_in, script = scripts.begin()
        answers = relay(card, _with_pin(script, "999999"))
        with pytest.raises(Refusal) as caught:
            scripts.finish(sign_in, answers)
        problems.append(_problem(caught))

    assert problems == [("4042", 2), ("4042", 1), ("5122", 0), ("5122", 0)]


@pytest.mark.parametrize("card_id", ["patient-wang", "other-card"])
def test_a_card_that_is_no_hpc(card_id: str, scripts: StaffScripts) -> None:
    sign_in, answers = _begin(scripts, card_id)

    with pytest.raises(Refusal) as caught:
        scripts.finish(sign_in, answers)

    assert _problem(caught) == ("4034", None)
    assert answers.stopped_at == 0


def test_a_recorded_sign_in_is_not_believed(scripts: StaffScripts) -> None:
    _, recorded = _begin(scripts)
    later, _ = scripts.begin()

    with pytest.raises(Refusal) as caught:
        scripts.finish(later, msgspec.structs.replace(recorded, batch_id=later.batch_id))

    assert _problem(caught) == ("4034", None)


def test_another_holders_name_on_a_true_signature_is_not_believed(scripts: StaffScripts) -> None:
    sign_in, answers = _begin(scripts, "hpc-nurse")
    _, doctor = _begin(scripts, "hpc-doctor")
    lying = (answers.answers[0], doctor.answers[1], *answers.answers[2:])

    with pytest.raises(Refusal) as caught:
        scripts.finish(sign_in, msgspec.structs.replace(answers, answers=lying))

    assert _problem(caught) == ("4034", None)


@pytest.mark.parametrize(
    ("holder", "code"),
    [
        pytest.param("9000", "4034", id="empty"),
        pytest.param("303930303030303030303031" + "00" * 20 + "449000", "9203", id="production number"),
    ],
)
def test_a_damaged_or_production_holder_is_refused(holder: str, code: str, scripts: StaffScripts) -> None:
    sign_in, answers = _begin(scripts)
    changed = (answers.answers[0], holder, *answers.answers[2:])

    with pytest.raises(Refusal) as caught:
        scripts.finish(sign_in, msgspec.structs.replace(answers, answers=changed))

    assert _problem(caught) == (code, None)


@pytest.mark.parametrize("signature", ["9000", "00" * 64 + "9000", "AB" * 64 + "9000"])
def test_a_signature_that_is_none(signature: str, scripts: StaffScripts) -> None:
    sign_in, answers = _begin(scripts)

    with pytest.raises(Refusal) as caught:
        scripts.finish(sign_in, msgspec.structs.replace(answers, answers=(*answers.answers[:3], signature)))

    assert _problem(caught) == ("4034", None)


def test_answers_to_another_sign_in(scripts: StaffScripts) -> None:
    _, answers = _begin(scripts)
    other, _ = scripts.begin()

    with pytest.raises(Refusal) as caught:
        scripts.finish(other, answers)

    assert _problem(caught) == ("batch_mismatch", None)


@pytest.mark.parametrize("answers", [(), ("9000",), ("9000",) * 5, ("9000", "9000", "9000", "90")])
def test_answers_that_cannot_be(answers: tuple[str, ...], scripts: StaffScripts) -> None:
    sign_in, _ = scripts.begin()

    with pytest.raises(Refusal) as caught:
        scripts.finish(sign_in, BatchAnswers(batch_id=sign_in.batch_id, answers=answers))

    assert _problem(caught) == ("malformed", None)


def test_a_card_that_gives_up_before_the_pin(scripts: StaffScripts) -> None:
    sign_in, _ = scripts.begin()
    answers = BatchAnswers(batch_id=sign_in.batch_id, answers=("9000", "6F00"), stopped_at=1)

    with pytest.raises(Refusal) as caught:
        scripts.finish(sign_in, answers)

    assert _problem(caught) == ("4042", None)
