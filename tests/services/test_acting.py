"""Who acts on a phone, and with what: live, reduced once a session ran out, or nobody (A02, A08, F05-F07, Y04)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import msgspec
import pytest

from tests.services.conftest import PHONE, READER, Room, wait_for
from tests.services.outbox.samples import visit
from visitbridge.domain.people import Right
from visitbridge.domain.visit import Practitioner, Visit
from visitbridge.errors import (
    CardAbsent,
    CardBeingRead,
    CardMute,
    CardsSeveral,
    NotFound,
    PinWrong,
    StaffExpired,
    StaffRequired,
    VisitBridgeError,
)
from visitbridge.ports.clock import TimeTrust
from visitbridge.ports.records import StaffSessionRow
from visitbridge.ports.store import Transaction
from visitbridge.services.visits.in_hand import WorkInHand
from visitbridge.sim.card.profiles import LAB_PIN
from visitbridge.sim.contacts import Contacts

Cards = Callable[[str], Contacts]
OTHER = "phone-2"
EIGHT_HOURS_S = 8 * 3600.0


async def sign_in(room: Room, card: Contacts, phone_id: str = PHONE) -> StaffSessionRow:
    await room.insert(card)
    return await room.staff.sign_in(READER, bytearray(LAB_PIN.encode()), phone_id)


async def test_nobody_acts_on_a_phone_that_nobody_signed_in_on(room: Room, card: Cards) -> None:
    await sign_in(room, card("hpc-doctor"))

    assert room.staff.acting(OTHER) is None


async def test_F05_after_its_end_the_person_goes_on_with_less(room: Room, card: Cards) -> None:
    row = await sign_in(room, card("hpc-doctor"))
    live = room.staff.acting(PHONE)
    room.clock.advance(EIGHT_HOURS_S)
    await wait_for(lambda: room.staff.sessions() == ())

    reduced = room.staff.acting(PHONE)

    assert live is not None
    assert reduced is not None
    assert (live.live, reduced.live) == (True, False)
    assert (reduced.staff_id, reduced.rights) == (row.staff_id, frozenset(row.rights))
    signs_as = Practitioner(staff_id=row.staff_id, name=row.name, kind=row.kind, id_no=row.id_no)
    assert live.practitioner == reduced.practitioner == signs_as
    room.clock.advance(4 * 3600.0)
    assert room.staff.acting(PHONE) is None


async def test_F05_what_is_left_on_a_phone_shared_late_lasts_from_the_card_on(
    room: Room, card: Cards
) -> None:
    row = await sign_in(room, card("hpc-doctor"))
    room.clock.advance(EIGHT_HOURS_S - 60)
    await room.staff.share(row.session_id, OTHER, by=PHONE)
    room.clock.advance(60)
    await wait_for(lambda: room.staff.sessions() == ())
    room.clock.advance(4 * 3600.0 - 1)
    assert room.staff.acting(OTHER) is not None

    room.clock.advance(1)

    assert (room.staff.acting(PHONE), room.staff.acting(OTHER)) == (None, None)


async def test_F05_a_box_that_was_off_and_knows_no_time_lets_go_on_who_types_the_phones_code(
    room: Room, card: Cards
) -> None:
    row = await sign_in(room, card("hpc-doctor"))
    room.clock.advance(3600.0)
    await room.staff.keep()
    room.clock.boot_id, room.clock.trust = "boot-2", TimeTrust.UNTRUSTED
    assert room.staff.acting(PHONE) is None, "nobody can tell"

    room.staff.take_up(PHONE)

    acting = room.staff.acting(PHONE)
    assert acting is not None
    assert (acting.staff_id, acting.live) == (row.staff_id, False)
    assert room.staff.acting(OTHER) is None
    room.clock.advance(11 * 3600.0)
    assert room.staff.acting(PHONE) is None


async def test_who_ends_the_session_leaves_nothing_behind(room: Room, card: Cards) -> None:
    row = await sign_in(room, card("hpc-doctor"))
    await room.staff.end(row.session_id, PHONE)

    assert room.staff.acting(PHONE) is None


async def test_A02_several_people_on_one_phone_and_one_of_them_at_work(room: Room, card: Cards) -> None:
    doctor = await sign_in(room, card("hpc-doctor"))
    nurse = await sign_in(room, card("hpc-nurse"))
    at_work = [room.staff.acting(PHONE)]
    await room.staff.use(doctor.session_id, PHONE)
    at_work.append(room.staff.acting(PHONE))
    await room.staff.end(doctor.session_id, PHONE)
    at_work.append(room.staff.acting(PHONE))

    found = [person.staff_id if person is not None else "" for person in at_work]
    assert found == [nurse.staff_id, doctor.staff_id, nurse.staff_id]


async def test_Y04_a_person_takes_the_session_to_one_more_phone(room: Room, card: Cards) -> None:
    row = await sign_in(room, card("hpc-doctor"))
    shared = await room.staff.share(row.session_id, OTHER, by=PHONE)

    assert shared.phone_ids == (PHONE, OTHER)
    assert room.staff.live_for_phone(OTHER) == shared
    with pytest.raises(StaffRequired):
        await room.staff.share(row.session_id, "phone-3", by="phone-3")
    with pytest.raises(NotFound):
        await room.staff.share("another", OTHER, by=PHONE)
    acts = await room.store.read(lambda tx: [audit.entry for audit in tx.audit.rows()])
    assert (acts[-1].act, acts[-1].phone_id, acts[-1].record) == ("staff.share", PHONE, OTHER)


async def test_a_removed_phone_is_in_no_session_and_the_last_one_ends_it(room: Room, card: Cards) -> None:
    row = await sign_in(room, card("hpc-doctor"))
    await room.staff.share(row.session_id, OTHER, by=PHONE)
    room.staff.leave(PHONE)
    await wait_for(lambda: room.staff.live_for_phone(PHONE) is None)
    assert room.staff.acting(PHONE) is None
    assert [session.phone_ids for session in room.staff.sessions()] == [(OTHER,)]
    room.staff.leave(OTHER)

    await wait_for(lambda: room.staff.sessions() == ())


async def test_pairing_by_a_card_takes_the_one_in_the_box(room: Room, card: Cards) -> None:
    typed = bytearray(LAB_PIN.encode())
    with pytest.raises(CardAbsent):
        await room.staff.sign_in_anywhere(typed, PHONE)
    assert typed == bytes(len(LAB_PIN))
    await room.insert(card("hpc-doctor"))

    row = await room.staff.sign_in_anywhere(bytearray(LAB_PIN.encode()), PHONE)

    assert row.phone_ids == (PHONE,)


@pytest.mark.parametrize(("card_id", "refusal"), [("mute-card", CardMute), ("patient-wang", CardAbsent)])
async def test_a_card_that_nobody_can_pair_by_is_refused_as_what_it_is(
    room: Room, card: Cards, card_id: str, refusal: type[VisitBridgeError]
) -> None:
    await room.insert(card(card_id))

    with pytest.raises(refusal):
        await room.staff.sign_in_anywhere(bytearray(LAB_PIN.encode()), PHONE)


async def test_pairing_by_a_card_that_is_still_being_read_is_not_called_pairing_without_a_card(
    room: Room, card: Cards
) -> None:
    reader = room.readers.readers()[0]
    await room.readers.slots[0].insert(card("hpc-doctor"))
    async with reader.open_session("another program", deadline_s=30):
        await wait_for(lambda: room.desk.at(READER).kind == "reading")
        typed = bytearray(LAB_PIN.encode())
        with pytest.raises(CardBeingRead):
            await room.staff.sign_in_anywhere(typed, PHONE)
    assert typed == bytes(len(LAB_PIN))


async def test_a_pin_costs_no_colleagues_card_a_try(room: Room, card: Cards) -> None:
    await room.insert(card("hpc-doctor"))
    await room.insert(card("hpc-nurse"), slot=1)
    typed = bytearray(b"999999")

    with pytest.raises(CardsSeveral):
        await room.staff.sign_in_anywhere(typed, PHONE)

    assert typed == bytes(6)
    await room.pull(slot=1)
    with pytest.raises(PinWrong) as wrong:
        await room.staff.sign_in_anywhere(bytearray(b"999999"), PHONE)
    assert wrong.value.params == {"tries_left": 2}


def visit_of(staff_id: str, number: int, at: dt.datetime) -> Visit:
    person = Practitioner(staff_id=staff_id, name="某測試", kind=visit().practitioner.kind)
    return msgspec.structs.replace(visit(f"visit-{number}", visit_at=at), practitioner=person)


async def test_F05_reduced_work_is_the_own_work_of_the_day(room: Room, card: Cards) -> None:
    row = await sign_in(room, card("hpc-doctor"))
    in_hand = WorkInHand(room.store)
    now = room.clock.now()
    visits = (
        visit_of(row.staff_id, 1, now),
        visit_of("D-OTHER", 2, now),
        visit_of(row.staff_id, 3, now - dt.timedelta(days=1)),
    )

    def keep(tx: Transaction) -> None:
        for one in visits:
            tx.visits.put(one)

    await room.store.write(keep)
    lines = await room.store.read(lambda tx: tx.visits.summaries())
    live = room.staff.acting(PHONE)
    room.clock.advance(EIGHT_HOURS_S)
    reduced = room.staff.acting(PHONE)

    assert live is not None
    assert reduced is not None
    assert len(await in_hand.of(live, lines)) == 3
    assert [line.visit_id for line in await in_hand.of(reduced, lines)] == ["visit-1"]
    assert await in_hand.of(None, lines) == ()
    await in_hand.require(reduced, "visit-1")
    await in_hand.require(reduced, "visit-unknown")
    with pytest.raises(StaffExpired):
        await in_hand.require(reduced, "visit-2")
    with pytest.raises(StaffExpired):
        await in_hand.require(reduced, "visit-3")


@pytest.mark.parametrize("right", [Right.VISITS])
async def test_what_is_left_survives_a_restart_of_the_program(room: Room, card: Cards, right: Right) -> None:
    await sign_in(room, card("hpc-doctor"))
    room.clock.advance(EIGHT_HOURS_S)
    await wait_for(lambda: room.staff.sessions() == ())
    await room.staff.load()

    acting = room.staff.acting(PHONE)

    assert acting is not None
    assert right in acting.rights
