"""Relaying card sessions: the right card, `on_mutating` once and first, doubt marked as doubt (Y01-Y03)."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from tests.services.conftest import PHONE, READER, Room
from visitbridge.errors import (
    CardRemoved,
    DataCentreGarbled,
    LinkDown,
    Retry,
    StaffTokenRefused,
    VisitBridgeError,
    WrongCard,
)
from visitbridge.protocols.datacentre.cards import (
    BatchAnswers,
    CardResult,
    OpenCardSession,
    Phase,
    Script,
    ScriptStep,
    SessionStep,
    WriteIntent,
)
from visitbridge.protocols.nhi.basic import READ_BASIC, SELECT_NHI
from visitbridge.services.relay import CardRelay
from visitbridge.sim.card import Pull, PulledCard, PullMoment, build_card
from visitbridge.sim.card.profiles import LAB_PIN
from visitbridge.sim.contacts import Contacts
from visitbridge.sim.signature_only.adapter import SignatureOnlyDataCentre
from visitbridge.sim.signature_only.service import SignatureService

Cards = Callable[[str], Contacts]

INTENT = WriteIntent(
    key="key-1",
    card_no="900000000001",
    visit_time="1151122090000",
    institution="9999999995",
    visit_type="01",
)


async def _token(room: Room, card: Cards) -> str:
    await room.insert(card("hpc-doctor"))
    return (await room.staff.sign_in(READER, bytearray(LAB_PIN.encode()), PHONE)).token


async def test_a_read_brings_the_cards_contents(room: Room, card: Cards) -> None:
    token = await _token(room, card)
    await room.insert(card("patient-wang"))
    result = await room.relay.run(READER, OpenCardSession(purpose="read", staff_token=token), owner="test")
    assert result.contents is not None
    assert result.contents.basic.card_no == "900000000001"


async def test_another_persons_card_is_refused_before_anything_is_asked(room: Room, card: Cards) -> None:
    token = await _token(room, card)
    await room.insert(card("patient-lin"))
    request = OpenCardSession(purpose="write_visit", staff_token=token, intent=INTENT)
    with pytest.raises(WrongCard) as caught:
        await room.relay.run(READER, request, owner="test")
    assert caught.value.retry is Retry.NEVER
    assert (await room.data_centre.receipt(INTENT.key)).state == "unknown_key"


async def test_an_ended_staff_session_is_told(room: Room, card: Cards) -> None:
    await room.insert(card("patient-wang"))
    request = OpenCardSession(purpose="read", staff_token="gone")
    with pytest.raises(StaffTokenRefused):
        await room.relay.run(READER, request, owner="test")


async def test_the_reader_is_free_again_after_a_failure(room: Room, card: Cards) -> None:
    token = await _token(room, card)
    await room.insert(card("patient-wang"))
    request = OpenCardSession(purpose="read", staff_token=token)
    room.set_line("down")
    with pytest.raises(LinkDown):
        await room.relay.run(READER, request, owner="test")
    room.set_line("up")
    assert (await room.relay.run(READER, request, owner="test")).contents is not None


class ScriptedDataCentre(SignatureOnlyDataCentre):
    """Hands out the given scripts one after the other, then a result; fails at a given batch."""

    scripts: tuple[Script, ...] = ()
    fail_at: int | None = None
    failure: VisitBridgeError = LinkDown()
    meanwhile: Callable[[], object] = list
    posted: list[BatchAnswers]
    opened = 0

    async def open_card_session(self, request: OpenCardSession) -> SessionStep:
        self.posted = []
        self.opened += 1
        return SessionStep(session_id="s", script=self.scripts[0])

    async def answer_card(self, session_id: str, answers: BatchAnswers) -> SessionStep:
        if self.fail_at == len(self.posted):
            raise self.failure
        self.posted.append(answers)
        self.meanwhile()
        if len(self.posted) < len(self.scripts):
            return SessionStep(session_id="s", script=self.scripts[len(self.posted)])
        return SessionStep(session_id="s", card=CardResult())


def _script(phase: Phase, *, mutating: bool = False) -> Script:
    steps = (
        ScriptStep(apdu=SELECT_NHI.hex().upper(), label="select"),
        ScriptStep(apdu=READ_BASIC.hex().upper(), label="change", mutating=mutating),
    )
    return Script(batch_id=phase, phase=phase, steps=steps, deadline_s=5)


WRITE = (_script("identify"), _script("write_visit", mutating=True), _script("commit", mutating=True))
REQUEST = OpenCardSession(purpose="write_visit", staff_token="t", intent=INTENT)


@pytest.fixture
async def scripted(room: Room) -> ScriptedDataCentre:
    service = SignatureService(now=room.clock.now)
    data_centre = ScriptedDataCentre(service, monotonic=room.clock.monotonic)
    data_centre.scripts = WRITE
    room.relay = CardRelay(room.desk, data_centre, room.clock)
    return data_centre


async def test_the_box_by_itself_asks_nothing_for_another_persons_card(
    room: Room, card: Cards, scripted: ScriptedDataCentre
) -> None:
    await room.insert(card("patient-lin"))
    with pytest.raises(WrongCard):
        await room.relay.run(READER, REQUEST, owner="test")
    assert scripted.opened == 0


async def test_on_mutating_comes_once_and_before_the_first_mutating_command(
    room: Room, card: Cards, scripted: ScriptedDataCentre
) -> None:
    await room.insert(card("patient-wang"))
    posted_before: list[int] = []

    async def note() -> None:
        posted_before.append(len(scripted.posted))

    await room.relay.run(READER, REQUEST, owner="test", on_mutating=note)
    assert posted_before == [1]
    assert len(scripted.posted) == 3


@pytest.mark.parametrize(("fail_at", "retry"), [(0, Retry.LATER), (1, Retry.UNKNOWN), (2, Retry.UNKNOWN)])
async def test_Y02_a_failure_after_the_first_mutating_command_is_a_doubt(
    room: Room, card: Cards, scripted: ScriptedDataCentre, fail_at: int, retry: Retry
) -> None:
    await room.insert(card("patient-wang"))
    scripted.fail_at = fail_at
    scripted.failure = DataCentreGarbled(retry=Retry.LATER)

    async def note() -> None:
        return None

    with pytest.raises(DataCentreGarbled) as caught:
        await room.relay.run(READER, REQUEST, owner="test", on_mutating=note)
    assert caught.value.retry is retry


@pytest.mark.parametrize(
    "scripts",
    [(_script("write_visit", mutating=True),), (_script("authenticate"), _script("commit", mutating=True))],
)
async def test_a_mutating_step_before_the_card_was_identified_never_leaves(
    room: Room, card: Cards, scripted: ScriptedDataCentre, scripts: tuple[Script, ...]
) -> None:
    scripted.scripts = scripts
    await room.insert(card("patient-wang"))
    called: list[bool] = []

    async def note() -> None:
        called.append(True)

    with pytest.raises(DataCentreGarbled):
        await room.relay.run(READER, REQUEST, owner="test", on_mutating=note)
    assert called == []


def _put_in_anew(room: Room) -> None:
    info = room.desk.info(READER)
    assert info is not None
    room.desk.slot_changed(msgspec.structs.replace(info, insertion=info.insertion + 1), None)


def _forget(room: Room) -> None:
    room.desk.forget(READER)


@pytest.mark.parametrize("change", [_put_in_anew, _forget])
async def test_Y01_a_card_or_reader_that_changed_since_the_comparison_is_not_written(
    room: Room, card: Cards, scripted: ScriptedDataCentre, change: Callable[[Room], None]
) -> None:
    await room.insert(card("patient-wang"))
    called: list[bool] = []

    async def note() -> None:
        called.append(True)

    scripted.meanwhile = lambda: change(room)
    with pytest.raises(CardRemoved):
        await room.relay.run(READER, REQUEST, owner="test", on_mutating=note)
    assert (called, len(scripted.posted)) == ([], 1)


async def test_a_session_opened_for_reading_refuses_mutating_steps(
    room: Room, card: Cards, scripted: ScriptedDataCentre
) -> None:
    await room.insert(card("patient-wang"))
    with pytest.raises(DataCentreGarbled):
        await room.relay.run(READER, REQUEST, owner="test")


@pytest.mark.parametrize(("nth", "retry"), [(7, Retry.UNKNOWN), (8, Retry.UNKNOWN), (9, Retry.UNKNOWN)])
async def test_Y03_a_card_pulled_while_it_is_written_is_a_doubt(
    room: Room, scripted: ScriptedDataCentre, nth: int, retry: Retry
) -> None:
    """APDUs 1-2 recognise, 3-4 compare, 5-6 identify; the first mutating one is number 8."""
    await room.insert(PulledCard(build_card("patient-wang"), Pull(PullMoment.DURING, nth)))

    async def note() -> None:
        return None

    with pytest.raises(CardRemoved) as caught:
        await room.relay.run(READER, REQUEST, owner="test", on_mutating=note)
    assert caught.value.retry is retry
