"""What each kind sends, and what it waits for."""

from __future__ import annotations

import msgspec
import pytest

from tests.services.outbox import samples
from tests.services.outbox.memory_store import MemoryStore
from tests.services.outbox.world import World
from visitbridge.domain.jobs import LINK, SAM, TIME, Job, JobState, Need, card_need, staff_need
from visitbridge.domain.visit import Identification, Visit
from visitbridge.protocols.datacentre.cards import WriteIntent, intent_digest
from visitbridge.protocols.datacentre.uploads import Eligibility, Recognition, VisitUpload
from visitbridge.protocols.ic_upload.xml import decode
from visitbridge.services.outbox.kinds import Kinds

OFFLINE = samples.offline_visit()
FOLLOW_UP = msgspec.structs.replace(
    samples.visit(),
    content=msgspec.structs.replace(
        samples.visit().content, claim=msgspec.structs.replace(samples.visit().content.claim, visit_type="AH")
    ),
)
CARD_NEEDS = (TIME, LINK, SAM, staff_need(samples.STAFF_ID), card_need(samples.CARD_NO))


def _with_practitioner(*, id_no: str) -> Visit:
    visit = samples.offline_visit()
    return msgspec.structs.replace(
        visit, practitioner=msgspec.structs.replace(visit.practitioner, id_no=id_no)
    )


def _with_orders(**changes: object) -> Visit:
    visit = samples.offline_visit()
    orders = tuple(msgspec.structs.replace(order, **changes) for order in visit.content.orders)
    return msgspec.structs.replace(visit, content=msgspec.structs.replace(visit.content, orders=orders))


@pytest.fixture
def world() -> World:
    return World(MemoryStore())


async def done(world: World, visit: Visit, *kinds: str) -> dict[str, Job]:
    async with world.running():
        world.insert()
        jobs = await world.enqueue(visit, kinds)
        await world.outbox.wait_quiet()
    return {kind: await world.job(job.job_id) for kind, job in jobs.items()}


@pytest.mark.parametrize(
    ("kind", "visit", "needs"),
    [
        ("card.write_visit", samples.visit(), CARD_NEEDS),
        ("card.write_prescription", samples.visit(), CARD_NEEDS),
        ("upload.visit", samples.visit(), (LINK, SAM)),
        ("upload.ic", samples.visit(), (LINK, SAM)),
        ("upload.visit", samples.visit(clock_trusted=False), (TIME, LINK, SAM)),
        ("take.virtual_number", samples.visit(), (TIME, LINK, SAM)),
        ("check.eligibility", samples.visit(), (LINK, SAM)),
    ],
)
def test_needs(world: World, kind: str, visit: Visit, needs: tuple[Need, ...]) -> None:
    assert world.kinds()[kind].needs(visit) == needs


def test_a_kind_is_registered_once(world: World) -> None:
    kind = world.kinds()["upload.visit"]
    with pytest.raises(ValueError, match=r"upload\.visit"):
        Kinds([kind, kind])


async def test_the_intents_of_the_card(world: World) -> None:
    jobs = await done(world, samples.visit(), "card.write_visit", "card.write_prescription")
    intents = {kind: msgspec.json.decode(job.payload, type=WriteIntent) for kind, job in jobs.items()}
    visit = intents["card.write_visit"]
    assert (visit.visit_time, visit.institution) == ("1151122083000", samples.INSTITUTION.code)
    assert (visit.card_no, visit.visit_type, visit.make_up) == (samples.CARD_NO, "01", False)
    assert (visit.diagnoses, visit.orders) == (samples.visit().content.diagnoses, ())
    assert intents["card.write_prescription"].orders == samples.visit().content.orders
    assert {kind: intent_digest(intent) for kind, intent in intents.items()} == {
        kind: job.digest for kind, job in jobs.items()
    }
    assert {kind: intent.key for kind, intent in intents.items()} == {
        kind: job.key for kind, job in jobs.items()
    }


@pytest.mark.parametrize(
    ("visit", "make_up"),
    [
        (samples.visit(), False),
        (msgspec.structs.replace(samples.visit(), make_up=True), True),
        (OFFLINE, True),
    ],
)
async def test_a_write_after_the_occasion_says_so(world: World, visit: Visit, *, make_up: bool) -> None:
    job = (await done(world, visit, "card.write_visit"))["card.write_visit"]
    assert msgspec.json.decode(job.payload, type=WriteIntent).make_up is make_up


async def test_the_visit_goes_up_whole_and_numbered(world: World) -> None:
    jobs = await done(world, samples.visit(), "card.write_visit", "upload.visit")
    upload = msgspec.json.decode(world.portal.bodies[jobs["upload.visit"].key], type=VisitUpload)
    assert upload.sam_id == "SAM000000001"
    assert upload.visit == await world.visit("visit-1")
    assert upload.visit.sequence is not None


async def test_the_recognition_says_whose_card_was_seen_and_how(world: World) -> None:
    jobs = await done(world, OFFLINE, "upload.recognition")
    body = world.portal.bodies[jobs["upload.recognition"].key]
    assert msgspec.json.decode(body, type=Recognition) == Recognition(
        card_no=samples.CARD_NO,
        id_no=samples.patient().id_no,
        recognised_at=samples.VISIT_AT,
        visit_id="visit-1",
        offline=True,
    )


@pytest.mark.parametrize(
    ("visit", "data_format", "number", "signature"),
    [
        (samples.visit(), "1", "0007", "22" * 128),
        (FOLLOW_UP, "1", "", "22" * 128),
        (OFFLINE, "2", "F00B", ""),
    ],
    ids=["numbered", "follow-up without a number", "offline"],
)
async def test_the_ic_record(
    world: World, visit: Visit, data_format: str, number: str, signature: str
) -> None:
    on_card = ("card.write_visit", "card.write_prescription") if signature else ()
    jobs = await done(world, visit, *on_card, "upload.ic")
    (record,) = decode(world.portal.bodies[jobs["upload.ic"].key])
    assert (record.data_format, record.sequence_no, record.signature) == (data_format, number, signature)
    assert [order.signature for order in record.orders] == (["79" * 20] if signature else [""])


@pytest.mark.parametrize(
    ("visit", "field", "words"),
    [
        (_with_practitioner(id_no=""), "A15", "醫事人員身分證號（A15）：必須填寫"),
        (_with_orders(code="BAD-CODE"), "MB2[0].A73", "第 1 筆醫令的診療項目代號（A73）：格式不正確"),
        (_with_orders(days=0), "MB2[0].A76", "第 1 筆醫令的天數（A76）：不是可用的值"),
        (samples.visit(), "A18", "就醫序號（A18）：沒有健保卡序號時，須為異常就醫序號代碼"),
    ],
)
async def test_N11_what_would_be_refused_is_not_sent_and_says_why(
    world: World, visit: Visit, field: str, words: str
) -> None:
    job = (await done(world, visit, "upload.ic"))["upload.ic"]
    assert world.portal.sent == []
    assert job.state is JobState.REJECTED
    assert (job.error_code, job.error_field, job.error_words) == ("GW-REQ-12", field, words)


async def test_an_upload_before_the_prescription_is_on_the_card_waits_for_no_signature(world: World) -> None:
    jobs = await done(world, samples.visit(), "card.write_visit", "upload.ic")
    (record,) = decode(world.portal.bodies[jobs["upload.ic"].key])
    assert [order.signature for order in record.orders] == [""]


async def test_an_answer_about_eligibility_is_kept(world: World) -> None:
    jobs = await done(world, samples.visit(), "check.eligibility")
    answer = msgspec.json.decode(jobs["check.eligibility"].result, type=Eligibility)
    assert (answer.insured, answer.on_home_care_list) == (True, True)


async def test_a_virtual_number_comes_from_the_data_centre(world: World) -> None:
    visit = samples.visit(identification=Identification.VIRTUAL_CARD)
    await done(world, visit, "take.virtual_number", "upload.visit")
    after = (await world.visit("visit-1")).sequence
    assert after is not None
    assert (after.number, after.source) == ("V001", "data_centre")
