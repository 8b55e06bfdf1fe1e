"""自動帶入 from an earlier visit of the same person (Q01, Q02)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import pytest

from tests.services.outbox.samples import visit
from tests.services.visits.room import PHONE, READER, Room
from visitbridge.domain.people import BasicRecord
from visitbridge.domain.visit import (
    ClaimSettings,
    Diagnosis,
    Order,
    OrderKind,
    Visit,
    VisitContent,
    VisitState,
)
from visitbridge.errors import NotFound, StaleRevision, VisitClosed
from visitbridge.services.visits.carry_in import CarriedIn, CarryIn, LeftOut, Section

SAMPLE = visit().content
DRUG = SAMPLE.orders[0]
FORMER = msgspec.structs.replace(
    SAMPLE,
    subjective="頭暈",
    objective="BP 150/90",
    special_note="怕打針",
    claim=ClaimSettings(visit_type="AH", copay="001", special_items=("EC",)),
    fee_points=1631,
    virtual_orders=("R001",),
)


@pytest.fixture
def carry_in(room: Room) -> CarryIn:
    return CarryIn(room.store, room.clock, room.catalogue, room.desk.drafts, room.staff)


async def earlier(
    room: Room, draft: Visit, visit_id: str = "earlier", *, days: int = 30, patient: BasicRecord | None = None
) -> Visit:
    """A finished visit of the same person, on the box."""
    former = msgspec.structs.replace(
        draft,
        visit_id=visit_id,
        revision=1,
        state=VisitState.FINISHED,
        visit_at=draft.visit_at - dt.timedelta(days=days),
        content=FORMER,
        patient=patient or draft.patient,
    )
    await room.store.write(lambda tx: tx.visits.put(former))
    return former


async def carried(room: Room, carry_in: CarryIn, draft: Visit, *sections: Section) -> CarriedIn:
    current = await room.visit(draft.visit_id)
    return await carry_in.carry(draft.visit_id, current.revision, "earlier", sections, PHONE)


async def test_Q01_earlier_visits_of_the_same_person_newest_first(room: Room, carry_in: CarryIn) -> None:
    draft = await room.desk.start(READER, PHONE)
    patient = draft.patient
    await earlier(
        room, draft, "long ago", days=90, patient=msgspec.structs.replace(patient, card_no="900000000777")
    )
    await earlier(room, draft)
    await earlier(room, draft, "other", patient=msgspec.structs.replace(patient, id_no="A223456780"))
    namesake = msgspec.structs.replace(patient, birth_date=dt.date(1999, 1, 1))
    await earlier(room, draft, "same number", patient=namesake)

    found = await carry_in.former(draft.visit_id, PHONE)
    assert [each.visit_id for each in found] == ["earlier", "long ago"]
    assert (found[0].subjective, found[0].diagnoses, found[0].orders) == (
        "頭暈",
        SAMPLE.diagnoses,
        SAMPLE.orders,
    )
    acts = await room.store.read(lambda tx: [row.entry.act for row in tx.audit.rows()])
    assert acts[-1] == "visit.history"


@pytest.mark.parametrize("section", Section)
async def test_Q02_only_the_chosen_section_and_never_date_or_number(
    room: Room, carry_in: CarryIn, section: Section
) -> None:
    draft = await room.desk.start(READER, PHONE)
    await earlier(room, draft)
    saved = (await carried(room, carry_in, draft, section)).visit

    sections: dict[Section, dict[str, Any]] = {
        Section.SUBJECTIVE: {"subjective": "頭暈"},
        Section.OBJECTIVE: {"objective": "BP 150/90"},
        Section.SPECIAL_NOTE: {"special_note": "怕打針"},
        Section.DIAGNOSES: {"diagnoses": FORMER.diagnoses},
        Section.ORDERS: {"orders": FORMER.orders},
        Section.CLAIM: {
            "programme": FORMER.programme,
            "claim": msgspec.structs.replace(draft.content.claim, copay="001"),
        },
    }
    # Fees are worked out anew and are nobody's section.
    bare = msgspec.structs.replace(saved.content, fee_points=0, copay_points=0)
    blank = msgspec.structs.replace(draft.content, fee_points=0, copay_points=0)
    assert bare == msgspec.structs.replace(blank, **sections[section])
    assert (saved.visit_at, saved.sequence, saved.state) == (draft.visit_at, None, VisitState.DRAFT)


async def test_Q02_what_is_there_stays_and_nothing_comes_twice(room: Room, carry_in: CarryIn) -> None:
    draft = await room.desk.start(READER, PHONE)
    own = Diagnosis(code="E11.9", name_zh="糖尿病")
    typed = VisitContent(subjective="咳嗽", diagnoses=(own,), orders=(DRUG,))
    await room.desk.drafts.save(draft.visit_id, draft.revision, typed, PHONE)
    await earlier(room, draft)
    await carried(room, carry_in, draft, *Section)
    content = (await carried(room, carry_in, draft, Section.DIAGNOSES, Section.ORDERS)).visit.content

    assert content.subjective == "咳嗽\n頭暈"
    assert content.diagnoses == (own, *FORMER.diagnoses)
    assert content.orders == (DRUG,)
    assert content.virtual_orders == ()


async def test_Q02_what_cannot_be_issued_today_is_left_out_and_said(room: Room, carry_in: CarryIn) -> None:
    draft = await room.desk.start(READER, PHONE)
    former = await earlier(room, draft)
    gone = msgspec.structs.replace(DRUG, code="GONE00001")
    controlled = Order(kind=OrderKind.CONTROLLED, code="CTRL00001")
    many = tuple(
        Order(kind=OrderKind.SELF_PAID, code=f"OWN{number}", self_entered=True) for number in range(60)
    )
    content = msgspec.structs.replace(
        FORMER,
        diagnoses=(Diagnosis(code="X99.99"),),
        orders=(gone, controlled, *many[:57], DRUG),
        claim=ClaimSettings(department="ZZ"),
    )
    changed = msgspec.structs.replace(former, revision=2, content=content)
    await room.store.write(lambda tx: tx.visits.put(changed))
    await room.desk.drafts.save(draft.visit_id, 1, VisitContent(orders=many[57:]), PHONE)
    done = await carried(room, carry_in, draft, Section.DIAGNOSES, Section.ORDERS, Section.CLAIM)

    assert {(each.section.value, each.what, each.reason) for each in done.left_out} == {
        ("diagnoses", "X99.99", "unknown"),
        ("orders", "GONE00001", "unknown"),
        ("orders", "CTRL00001", "controlled"),
        ("orders", DRUG.code, "full"),
        ("claim", "ZZ", "unknown"),
    }
    assert len(done.visit.content.orders) == 60
    assert done.visit.content.claim.department == draft.content.claim.department


async def test_Q02_a_drug_that_was_put_under_control_since_is_left_out_and_the_rest_is_taken(
    room: Room, carry_in: CarryIn
) -> None:
    draft = await room.desk.start(READER, PHONE)
    await earlier(room, draft)
    room.catalogue.attributes[DRUG.code] = {"controlled": "4"}

    done = await carried(room, carry_in, draft, Section.DIAGNOSES, Section.ORDERS)

    assert done.left_out == (LeftOut(section=Section.ORDERS, what=DRUG.code, reason="controlled"),)
    assert (done.visit.content.orders, done.visit.content.diagnoses) == ((), FORMER.diagnoses)


async def test_Q02_a_text_that_no_longer_fits_is_left_out_and_said_rather_than_cut(
    room: Room, carry_in: CarryIn
) -> None:
    draft = await room.desk.start(READER, PHONE)
    await earlier(room, draft)
    typed = VisitContent(subjective="咳" * 3998, objective="咳" * (4000 - len(f"\n{FORMER.objective}")))
    await room.desk.drafts.save(draft.visit_id, 1, typed, PHONE)

    done = await carried(room, carry_in, draft, Section.SUBJECTIVE, Section.OBJECTIVE)

    assert done.left_out == (LeftOut(section=Section.SUBJECTIVE, what="", reason="long"),)
    assert done.visit.content.subjective == typed.subjective
    assert done.visit.content.objective == f"{typed.objective}\n{FORMER.objective}"


async def test_Q02_somebody_elses_visit_cannot_be_taken(room: Room, carry_in: CarryIn) -> None:
    draft = await room.desk.start(READER, PHONE)
    await earlier(room, draft, patient=msgspec.structs.replace(draft.patient, id_no="A223456780"))
    with pytest.raises(NotFound):
        await carried(room, carry_in, draft, Section.ORDERS)
    assert (await room.visit(draft.visit_id)).revision == 1


async def test_Q02_another_phone_saved_meanwhile(room: Room, carry_in: CarryIn) -> None:
    draft = await room.desk.start(READER, PHONE)
    await earlier(room, draft)
    with pytest.raises(StaleRevision):
        await carry_in.carry(draft.visit_id, 7, "earlier", [Section.ORDERS], PHONE)


async def test_Q02_only_into_a_draft(room: Room, carry_in: CarryIn) -> None:
    draft = await room.desk.start(READER, PHONE)
    await earlier(room, draft)
    discarded = await room.desk.drafts.discard(draft.visit_id, draft.revision, PHONE)
    with pytest.raises(VisitClosed):
        await carry_in.carry(draft.visit_id, discarded.revision, "earlier", [Section.ORDERS], PHONE)
