"""How the rooms around people and phones are wired: what one of them hears from another."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.app.box import config_for
from visitbridge.adapters.datacentre.client import HttpDataCentre
from visitbridge.adapters.store import SqlStore, open_store
from visitbridge.app.people import PeopleRooms, build_people
from visitbridge.domain.people import Right, StaffKind
from visitbridge.ports.clock import TimeTrust
from visitbridge.ports.records import AuditEntry, StaffSessionRow
from visitbridge.services.cards import CardDesk
from visitbridge.services.countdown import begin
from visitbridge.services.grants import Former
from visitbridge.services.live import LiveBoard
from visitbridge.services.phones import Opened
from visitbridge.services.staff_book import StaffBook
from visitbridge.sim.clock import FakeClock

CODE = b"271828"


@pytest.fixture
async def store(tmp_path: Path, clock: FakeClock) -> AsyncIterator[SqlStore]:
    async with open_store(tmp_path / "box.db", bytes(32), clock=clock) as opened:
        yield opened


def rooms(store: SqlStore, clock: FakeClock, folder: Path) -> PeopleRooms:
    """One life of the box."""
    board = LiveBoard()
    return build_people(
        config_for(folder),
        clock=clock,
        store=store,
        board=board,
        cards=CardDesk(board, clock, realm="test"),
        data_centre=HttpDataCentre(store, monotonic=clock.monotonic),
        new_id=iter(["session"]).__next__,
    )


async def pair(people: PeopleRooms) -> Opened:
    request = people.pairing.ask(people.pairing.mint_token(), "護理師手機").secret
    return await people.pairing.confirm(request, people.presence.for_console()[-1].code)


async def signed_in_before(store: SqlStore, clock: FakeClock, phone_id: str) -> None:
    """Somebody verified a card on this phone just now."""
    countdown = begin(clock, 3600.0)
    row = StaffSessionRow(
        session_id="session of N-TEST-1",
        staff_id="N-TEST-1",
        name="林護理",
        kind=StaffKind.NURSE,
        rights=(Right.VISITS,),
        token="token",
        started_at=clock.now(),
        ends_at=clock.now(),
        countdown=countdown,
        phone_ids=(phone_id,),
    )
    former = Former(staff_id=row.staff_id, rights=row.rights, signed_in_at=clock.now(), countdown=countdown)
    book = StaffBook(store, clock)
    await book.load()
    await book.put(row, phone_id, former, AuditEntry(at=clock.now(), who=row.staff_id, act="staff.sign_in"))


async def test_F05_the_code_of_the_phone_lets_its_person_go_on_after_a_start_without_time(
    store: SqlStore, clock: FakeClock, tmp_path: Path
) -> None:
    people = rooms(store, clock, tmp_path)
    phone = (await pair(people)).phone
    await people.phones.set_code(phone.phone_id, bytearray(CODE))
    await signed_in_before(store, clock, phone.phone_id)
    clock.boot_id, clock.trust = "boot-2", TimeTrust.UNTRUSTED
    people = rooms(store, clock, tmp_path)
    await people.phones.load()
    await people.staff.load()
    assert people.staff.acting(phone.phone_id) is None

    await people.phones.unlock(phone, bytearray(CODE))

    acting = people.staff.acting(phone.phone_id)
    assert acting is not None
    assert (acting.staff_id, acting.live) == ("N-TEST-1", False)


async def test_a_phone_that_is_removed_takes_its_person_along(
    store: SqlStore, clock: FakeClock, tmp_path: Path
) -> None:
    people = rooms(store, clock, tmp_path)
    await pair(people)
    leaving = (await pair(people)).phone
    await signed_in_before(store, clock, leaving.phone_id)
    await people.staff.load()
    assert people.staff.acting(leaving.phone_id) is not None

    await people.phones.remove(leaving.phone_id, by="p")

    assert people.staff.acting(leaving.phone_id) is None
