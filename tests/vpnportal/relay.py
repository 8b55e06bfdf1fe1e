"""The box's part in sessions with cards, over HTTP: run scripts on a card, post what it answers."""

from __future__ import annotations

from tests.vpnportal.box import Answer, Box
from visitbridge.protocols.apdu import Response
from visitbridge.protocols.datacentre.cards import (
    BatchAnswers,
    CardResult,
    OpenCardSession,
    Purpose,
    Script,
    SessionStep,
    StaffToken,
    WriteIntent,
)
from visitbridge.sim.card import VirtualCard, build_card

LAB_PIN = b"123456"


def run_script(card: VirtualCard, script: Script, pin: bytes = b"") -> BatchAnswers:
    """Send the steps to the card in order, up to the first status word that is not expected."""
    answers: list[str] = []
    for index, step in enumerate(script.steps):
        apdu = bytes.fromhex(step.apdu)
        command = apdu[:5] + pin.ljust(8, b"\xff") if step.pin else apdu
        raw = card.execute(command)
        answers.append(raw.hex().upper())
        if Response.decode(raw).sw_hex not in step.expect:
            return BatchAnswers(batch_id=script.batch_id, answers=tuple(answers), stopped_at=index)
    return BatchAnswers(batch_id=script.batch_id, answers=tuple(answers))


async def try_sign_in(box: Box, card_id: str = "hpc-doctor", pin: bytes = LAB_PIN) -> Answer:
    step = (await box.ask("POST", "/staff/sessions")).as_(SessionStep)
    assert step.script is not None
    answers = run_script(build_card(card_id), step.script, pin)
    return await box.ask("POST", f"/staff/sessions/{step.session_id}/answers", answers)


async def sign_in(box: Box, card_id: str = "hpc-doctor") -> StaffToken:
    staff = (await try_sign_in(box, card_id)).as_(SessionStep).staff
    assert staff is not None
    return staff


async def run_card_session(
    box: Box, card: VirtualCard, purpose: Purpose, token: str, intent: WriteIntent | None = None
) -> CardResult:
    request = OpenCardSession(purpose=purpose, staff_token=token, intent=intent)
    step = (await box.ask("POST", "/cards/sessions", request)).as_(SessionStep)
    return await finish_card_session(box, card, step)


async def finish_card_session(box: Box, card: VirtualCard, step: SessionStep) -> CardResult:
    """Relay a session that was opened to its result, on a card that was just inserted."""
    card.reset()
    while step.script is not None:
        answers = run_script(card, step.script)
        step = (await box.ask("POST", f"/cards/sessions/{step.session_id}/answers", answers)).as_(SessionStep)
    assert step.card is not None
    return step.card
