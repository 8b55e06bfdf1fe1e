"""What services may rely on, whatever data centre is behind the seam (data-centre.md §1, §5)."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from tests.contract.datacentre_benches import BENCHES, BOX, WRONG_PIN, Bench, OpenBench
from visitbridge.domain.people import StaffKind
from visitbridge.domain.roc import roc_time
from visitbridge.errors import (
    BindRefused,
    BoundElsewhere,
    KeyConflict,
    LinkDown,
    LinkError,
    NotBound,
    ReplyLost,
    Retry,
    SamNotVerified,
    StaffTokenRefused,
    VisitBridgeError,
    WrongCard,
)
from visitbridge.ports.card_channel import CardChannel, CardProtocol, Reset
from visitbridge.protocols.datacentre.cards import (
    CardResult,
    OpenCardSession,
    Purpose,
    StaffToken,
    WriteIntent,
    intent_digest,
)
from visitbridge.protocols.datacentre.common import digest_of
from visitbridge.protocols.datacentre.uploads import EligibilityRequest, UploadKind
from visitbridge.services.scripts import run_script
from visitbridge.sim.card import build_card
from visitbridge.sim.card.profiles import LAB_PIN
from visitbridge.sim.contacts import Contacts

PATIENT = "900000000001"


class DirectChannel(CardChannel):
    """A card without a reader."""

    def __init__(self, card: Contacts) -> None:
        self._card = card
        card.reset()

    @property
    def atr(self) -> bytes:
        return self._card.atr

    @property
    def protocol(self) -> CardProtocol:
        return CardProtocol.T1

    @property
    def is_powered(self) -> bool:
        return True

    async def transmit(self, apdu: bytes, *, deadline_s: float = 5.0) -> bytes:
        return self._card.execute(apdu)

    async def power_off(self, *, deadline_s: float = 5.0) -> None:
        self._card.reset()

    async def reset(self, how: Reset = Reset.COLD, *, deadline_s: float = 10.0) -> bytes:
        self._card.reset()
        return self._card.atr


@pytest.fixture(params=tuple(BENCHES.values()), ids=tuple(BENCHES))
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    open_bench: OpenBench = request.param
    async with open_bench(tmp_path) as opened:
        yield opened


@pytest.fixture
async def ready(bench: Bench) -> Bench:
    await bench.get_ready()
    return bench


async def _sign_in(bench: Bench, card_id: str = "hpc-doctor") -> StaffToken:
    channel = DirectChannel(build_card(card_id))
    step = await bench.data_centre.open_staff_session()
    assert step.script is not None
    answers = await run_script(channel, step.script, pin=bytearray(LAB_PIN.encode()))
    done = await bench.data_centre.answer_staff(step.session_id, answers)
    assert done.staff is not None
    return done.staff


async def _card_session(
    bench: Bench, card: Contacts, token: StaffToken, purpose: Purpose, intent: WriteIntent | None = None
) -> CardResult:
    async def allow() -> None:
        return None

    request = OpenCardSession(purpose=purpose, staff_token=token.token, intent=intent)
    channel = DirectChannel(card)
    step = await bench.data_centre.open_card_session(request)
    while step.script is not None:
        answers = await run_script(channel, step.script, before_mutating=allow)
        step = await bench.data_centre.answer_card(step.session_id, answers)
    assert step.card is not None
    return step.card


def _intent(bench: Bench, key: str, *, minutes_ago: int = 10, card_no: str = PATIENT) -> WriteIntent:
    visit_at = bench.now() - dt.timedelta(minutes=minutes_ago)
    return WriteIntent(
        key=key,
        card_no=card_no,
        visit_time=roc_time(visit_at),
        institution=bench.institution.code,
        visit_type="01",
    )


Ask = Callable[[Bench], Awaitable[object]]
CALLS: dict[str, Ask] = {
    "device_status": lambda bench: bench.data_centre.device_status(),
    "verify_sam": lambda bench: bench.data_centre.verify_sam(),
    "open_staff_session": lambda bench: bench.data_centre.open_staff_session(),
    "receipt": lambda bench: bench.data_centre.receipt("key"),
    "missing_receipts": lambda bench: bench.data_centre.missing_receipts(["key"]),
    "handoff_refusals": lambda bench: bench.data_centre.handoff_refusals(["key"]),
    "datasets": lambda bench: bench.data_centre.datasets(),
    "choose_dataset_group": lambda bench: bench.data_centre.choose_dataset_group("default"),
    "send": lambda bench: bench.send("key", b"{}"),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
async def test_nothing_works_before_binding(bench: Bench, call: Ask) -> None:
    assert not bench.data_centre.is_bound
    with pytest.raises(NotBound):
        await call(bench)


async def test_binding_gives_institution_and_sam_and_a_wrong_number_does_not(bench: Bench) -> None:
    with pytest.raises(BindRefused) as caught:
        await bench.data_centre.bind(bench.ticket, WRONG_PIN, BOX)
    assert int(caught.value.params["tries_left"]) > 0
    answer = await bench.data_centre.bind(bench.ticket, bench.pin, BOX)
    assert bench.data_centre.is_bound
    assert answer.institution == bench.institution
    assert len(answer.sam.sam_id) == 12


async def test_a_box_of_another_institution_is_not_bound_and_the_ticket_stays_good(bench: Bench) -> None:
    with pytest.raises(BoundElsewhere):
        await bench.data_centre.bind(bench.ticket, bench.pin, BOX, bound_to="3599999999")
    assert not bench.data_centre.is_bound

    answer = await bench.data_centre.bind(bench.ticket, bench.pin, BOX, bound_to=bench.institution.code)

    assert (bench.data_centre.is_bound, answer.institution) == (True, bench.institution)


async def test_every_answer_tells_epoch_and_time(bench: Bench) -> None:
    await bench.bind()
    await bench.data_centre.device_status()
    contact = bench.data_centre.contact
    assert contact is not None
    assert contact.epoch
    assert abs(contact.time - bench.now()) < dt.timedelta(seconds=5)


@pytest.mark.parametrize("call", ["open_staff_session", "send"])
async def test_cards_and_uploads_wait_for_the_sam(bench: Bench, call: str) -> None:
    await bench.bind()
    with pytest.raises(SamNotVerified) as caught:
        await CALLS[call](bench)
    assert caught.value.retry is Retry.LATER


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
async def test_a_cut_line_is_told_as_nothing_sent(ready: Bench, call: Ask) -> None:
    """On a fresh connection: one that broke while it was kept may have carried a mutating request."""
    ready.set_line("down")
    with pytest.raises(LinkDown):
        await ready.data_centre.device_status()
    with pytest.raises(LinkDown) as caught:
        await call(ready)
    assert caught.value.retry is Retry.LATER


async def test_an_upload_on_a_connection_that_breaks_is_never_told_as_certain(ready: Bench) -> None:
    ready.set_line("down")
    with pytest.raises(LinkError):
        await ready.send("cut-1", ready.recognition("v9"))
    ready.set_line("up")
    assert (await ready.data_centre.receipt("cut-1")).state == "unknown_key"


async def test_a_hpc_and_its_pin_give_a_token(ready: Bench) -> None:
    token = await _sign_in(ready)
    assert (token.name, token.kind) == ("醫師樣本", StaffKind.DOCTOR)
    assert token.valid_until > ready.now()


async def test_an_unknown_token_opens_no_card_session(ready: Bench) -> None:
    with pytest.raises(StaffTokenRefused):
        await ready.data_centre.open_card_session(OpenCardSession(purpose="read", staff_token="no"))


async def test_an_ended_staff_session_is_ended(ready: Bench) -> None:
    token = await _sign_in(ready)
    await ready.data_centre.end_staff_session(token.token)
    with pytest.raises(StaffTokenRefused):
        await ready.data_centre.open_card_session(OpenCardSession(purpose="read", staff_token=token.token))


async def test_reading_brings_the_patient_and_what_was_written(ready: Bench) -> None:
    token = await _sign_in(ready)
    card = build_card("patient-wang")
    intent = _intent(ready, "write-1")
    await _card_session(ready, card, token, "write_visit", intent)
    contents = (await _card_session(ready, card, token, "read")).contents
    assert contents is not None
    assert contents.basic.card_no == PATIENT
    assert [visit.visit_time for visit in contents.visits] == [intent.visit_time]


async def test_a_write_ends_closed_with_a_genuine_receipt(ready: Bench) -> None:
    token = await _sign_in(ready)
    intent = _intent(ready, "write-2")
    result = await _card_session(ready, build_card("patient-wang"), token, "write_visit", intent)
    assert result.record is not None
    assert result.receipt is not None
    assert result.record.visit == "closed"
    assert result.receipt.key == "write-2"
    assert result.receipt.digest == intent_digest(intent)
    assert result.receipt.insurer["sequence_no"] == result.record.sequence_no != ""
    assert ready.data_centre.believes(result.receipt)


async def test_writing_the_same_intent_twice_has_one_effect(ready: Bench) -> None:
    token = await _sign_in(ready)
    card = build_card("patient-wang")
    intent = _intent(ready, "write-3")
    first = await _card_session(ready, card, token, "write_visit", intent)
    second = await _card_session(ready, card, token, "write_visit", intent)
    assert first.receipt == second.receipt
    contents = (await _card_session(ready, card, token, "read")).contents
    assert contents is not None
    assert len(contents.visits) == 1


async def test_two_visits_get_two_numbers(ready: Bench) -> None:
    token = await _sign_in(ready)
    card = build_card("patient-wang")
    numbers = set()
    for number in (1, 2):
        intent = _intent(ready, f"two-{number}", minutes_ago=10 * number)
        result = await _card_session(ready, card, token, "write_visit", intent)
        assert result.record is not None
        numbers.add(result.record.sequence_no)
    assert len(numbers) == 2


async def test_reading_back_tells_absent_from_closed_and_changes_nothing(ready: Bench) -> None:
    token = await _sign_in(ready)
    card = build_card("patient-wang")
    intent = _intent(ready, "back-1")
    states = []
    for purpose in ("read_back", "write_visit", "read_back"):
        result = await _card_session(ready, card, token, purpose, intent)
        assert result.record is not None
        states.append(result.record.visit)
    assert states == ["absent", "closed", "closed"]


async def test_a_prescription_follows_its_visit(ready: Bench) -> None:
    token = await _sign_in(ready)
    card = build_card("patient-wang")
    visit = _intent(ready, "visit-1")
    await _card_session(ready, card, token, "write_visit", visit)
    orders = _intent(ready, "orders-1")
    result = await _card_session(ready, card, token, "write_prescription", orders)
    assert result.record is not None
    assert (result.record.visit, result.record.orders) == ("closed", "closed")


async def test_another_persons_card_is_refused(ready: Bench) -> None:
    token = await _sign_in(ready)
    with pytest.raises(WrongCard):
        await _card_session(ready, build_card("patient-lin"), token, "write_visit", _intent(ready, "wrong-1"))


async def test_the_same_upload_twice_gives_the_same_receipt(ready: Bench) -> None:
    body = ready.recognition("v1")
    first = await ready.send("up-1", body)
    assert await ready.send("up-1", body) == first
    assert (first.key, first.kind, first.digest) == ("up-1", UploadKind.RECOGNITION, digest_of(body))
    assert ready.data_centre.believes(first)


async def test_a_key_stands_for_one_body_only(ready: Bench) -> None:
    await ready.send("up-2", ready.recognition("v1"))
    with pytest.raises(KeyConflict):
        await ready.send("up-2", ready.recognition("v2"))


async def test_a_lost_reply_is_a_doubt_that_asking_settles(ready: Bench) -> None:
    ready.set_line("deaf")
    with pytest.raises(ReplyLost) as caught:
        await ready.send("up-3", ready.recognition("v3"))
    assert caught.value.retry is Retry.UNKNOWN
    ready.set_line("up")
    status = await ready.data_centre.receipt("up-3")
    assert status.receipt is not None
    assert ready.data_centre.believes(status.receipt)


async def test_a_key_never_seen_is_safe_to_send(ready: Bench) -> None:
    assert (await ready.data_centre.receipt("never")).state == "unknown_key"


async def test_missing_receipts_names_exactly_what_is_not_there(ready: Bench) -> None:
    await ready.send("have-1", ready.recognition("v4"))
    assert await ready.data_centre.missing_receipts(["have-1", "lost-1", "lost-2"]) == ("lost-1", "lost-2")


async def test_a_refused_upload_names_what_is_wrong(ready: Bench) -> None:
    with pytest.raises(VisitBridgeError) as caught:
        await ready.send("bad-1", b"")
    assert caught.value.retry is Retry.NEVER
    assert (await ready.data_centre.receipt("bad-1")).state == "unknown_key"


async def test_eligibility_answers_for_a_person(ready: Bench) -> None:
    answer = await ready.data_centre.eligibility(
        EligibilityRequest(id_no="A123456788", birth_date=dt.date(1941, 3, 8))
    )
    assert answer.insured
    assert answer.on_home_care_list
