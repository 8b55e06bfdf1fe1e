"""Two changes of one kept value at the same moment: the disk is slow, and neither undoes the other."""

from __future__ import annotations

import asyncio
import datetime as dt

import msgspec
import pytest

from visitbridge.domain.people import BoxRole, Right, StaffKind
from visitbridge.errors import PhoneRemoved
from visitbridge.ports.bluetooth import ReaderFamily, RememberedReader
from visitbridge.ports.records import AuditEntry, Countdown, PhoneSessionRow, StaffSessionRow
from visitbridge.ports.store import Store
from visitbridge.services.grants import Former
from visitbridge.services.phone_book import PhoneBook
from visitbridge.services.readers.roster import Roster
from visitbridge.services.staff_book import StaffBook
from visitbridge.sim.clock import FakeClock

AT = dt.datetime(2026, 11, 22, 9, 0, tzinfo=dt.UTC)
READER = RememberedReader(
    reader_id="r1",
    address="00:11:22:33:44:55",
    family=ReaderFamily.ACS,
    model="ACR3901U-S1",
    name="ACR3901U-S1",
    remembered_at=AT,
)
OLD, NEW = bytes(16), bytes(range(16))


async def roster_of(store: Store, clock: FakeClock) -> Roster:
    roster = Roster(store, clock)
    await roster.load()
    return roster


async def test_a_name_given_while_a_reader_gets_its_key_leaves_the_key_known(
    store: Store, clock: FakeClock
) -> None:
    roster = await roster_of(store, clock)
    await roster.remember(READER, by="p1")

    await asyncio.gather(
        roster.prepare("r1", OLD, NEW),
        roster.rename("r1", "車上那台", by="p1"),
        roster.remember(READER, by="p2"),
    )

    for known in (roster, await roster_of(store, clock)):
        assert (known.get("r1").key, known.get("r1").next_key) == (OLD, NEW)


async def test_a_reader_that_is_forgotten_while_it_gets_its_key_keeps_it_for_the_next_pairing(
    store: Store, clock: FakeClock
) -> None:
    roster = await roster_of(store, clock)
    await roster.remember(READER, by="p1")

    await asyncio.gather(roster.settle("r1", NEW), roster.forget("r1", by="p1"))
    again = await roster_of(store, clock)

    assert again.all() == ()
    assert (await again.remember(READER, by="p1")).key == NEW


async def book_of(store: Store, clock: FakeClock) -> PhoneBook:
    book = PhoneBook(store, clock, grace_s=60)
    await book.load()
    return book


async def test_of_two_phones_that_pair_at_once_one_is_the_owner_and_each_keeps_its_role(
    store: Store, clock: FakeClock
) -> None:
    book = await book_of(store, clock)

    await asyncio.gather(
        book.add("p1", "first", BoxRole.USER, PhoneSessionRow(phone_id="p1")),
        book.add("p2", "second", BoxRole.TECHNICIAN, PhoneSessionRow(phone_id="p2")),
    )

    for known in (book, await book_of(store, clock)):
        assert (known.role("p1"), known.role("p2")) == (BoxRole.OWNER, BoxRole.TECHNICIAN)


async def test_of_two_removed_at_once_both_cookies_are_those_of_a_removed_phone(
    store: Store, clock: FakeClock
) -> None:
    book = await book_of(store, clock)
    phones = [
        await book.add(name, name, BoxRole.USER, PhoneSessionRow(phone_id=name))
        for name in ("p1", "p2", "p3")
    ]
    (_, _), (second, second_cookie), (third, third_cookie) = phones

    await asyncio.gather(book.remove(second, by="p1"), book.remove(third, by="p1"))

    for known in (book, await book_of(store, clock)):
        for cookie in (second_cookie, third_cookie):
            with pytest.raises(PhoneRemoved):
                known.shown(cookie)


def session_of(staff_id: str, phone_id: str) -> StaffSessionRow:
    return StaffSessionRow(
        session_id=f"session of {staff_id}",
        staff_id=staff_id,
        name=staff_id,
        kind=StaffKind.NURSE,
        rights=(Right.VISITS,),
        token="token",
        started_at=AT,
        ends_at=AT + dt.timedelta(hours=8),
        phone_ids=(phone_id,),
    )


async def test_a_sign_out_for_good_holds_though_somebody_signs_in_and_time_is_kept_meanwhile(
    store: Store, clock: FakeClock
) -> None:
    former = Former(
        staff_id="nurse",
        rights=(Right.VISITS,),
        signed_in_at=AT,
        countdown=Countdown(
            left_s=3600.0, kept_at=clock.now(), kept_monotonic_s=clock.monotonic(), boot_id=clock.boot_id
        ),
    )
    book = StaffBook(store, clock)
    await book.load()
    entry = AuditEntry(at=AT, who="nurse", act="staff.sign_in")
    leaving = session_of("nurse", "p1")
    await book.put(leaving, "p1", former, entry)

    await asyncio.gather(
        book.take_out(leaving, act="staff.end", for_good=True),
        book.put(session_of("doctor", "p2"), "p2", msgspec.structs.replace(former, staff_id="doctor"), entry),
        book.keep(),
    )
    again = StaffBook(store, clock)
    await again.load()

    for known in (book, again):
        assert known.acting_after("p1") is None
        assert known.acting_after("p2") is not None
        assert [row.staff_id for row in known.all()] == ["doctor"]
