"""Consents as objects, and a ledger that tells of every change (L06, Y07)."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from tests.services.conftest import PHONE, Room
from tests.services.records.conftest import LIN, NURSE, WANG, Desk
from visitbridge.domain.consents import ConsentAct, Person
from visitbridge.domain.records import RecordKind
from visitbridge.errors import ClockUntrusted, ConsentMissing, FieldInvalid, NotFound, VisitBridgeError
from visitbridge.ports.clock import TimeTrust
from visitbridge.services.records.consents import LedgerCheck
from visitbridge.services.records.ledger import Actor


async def test_L06_a_consent_says_who_when_what_and_until(room: Room, desk: Desk) -> None:
    terms = desk.terms(until=30)
    given = await desk.consents.give(WANG, terms, NURSE)

    entry = given.entry
    assert (entry.who, entry.phone_id, entry.person, entry.terms) == ("T0003", PHONE, WANG, terms)
    assert (entry.act, entry.at, given.counts) == (ConsentAct.GIVEN, room.clock.now(), True)
    assert terms.ends_at == dt.datetime.combine(
        terms.until + dt.timedelta(days=1), dt.time(), dt.timezone(dt.timedelta(hours=8))
    )
    assert await desk.consents.all() == (given,)
    assert await desk.consents.of_person(LIN.id_no) == ()


async def test_L06_a_consent_is_renewed_and_revoked(desk: Desk) -> None:
    consent_id = (await desk.given()).entry.consent_id
    renewed = await desk.consents.renew(consent_id, desk.terms(until=60), NURSE)
    revoked = await desk.consents.revoke(consent_id, "家屬來電", Actor(who="phone", phone_id="phone-2"))
    again = await desk.consents.revoke(consent_id, "", NURSE)

    assert (renewed.entry.act, renewed.entry.terms.until) == ("renewed", desk.today + dt.timedelta(days=60))
    assert (revoked.entry.why, revoked.entry.who, revoked.counts) == ("家屬來電", "phone", False)
    assert again == revoked
    assert await desk.consents.all() == ()
    with pytest.raises(ConsentMissing):
        await desk.consents.renew(consent_id, desk.terms(), NURSE)
    rows = (await desk.consents.export(after=0, limit=9, actor=NURSE)).rows
    assert [row.entry.act for row in rows] == ["given", "renewed", "revoked"]
    assert await desk.acts() == ["consent.given", "consent.renewed", "consent.revoked", "ledger.export"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ((1, 30), "terms.signed_on"),
        ((-3, -1), "terms.until"),
        ((-340, 30), "terms.until"),
    ],
)
async def test_L06_terms_that_cannot_be(desk: Desk, change: tuple[int, int], field: str) -> None:
    with pytest.raises(FieldInvalid) as caught:
        await desk.given(signed=change[0], until=change[1])
    assert caught.value.field == field
    assert await desk.consents.all() == ()


@pytest.mark.parametrize(("signed", "until"), [(-3, 0), (0, 30), (-336, 30)])
async def test_L06_the_first_and_the_last_day_count(desk: Desk, signed: int, until: int) -> None:
    assert (await desk.given(signed=signed, until=until)).counts


async def test_L06_a_table_is_named_once(desk: Desk) -> None:
    with pytest.raises(FieldInvalid, match="twice"):
        await desk.consents.give(WANG, desk.terms(RecordKind.DRUGS, RecordKind.DRUGS), NURSE)


@pytest.mark.parametrize(
    ("change", "field"), [({"id_no": "A323456789"}, "person.id_no"), ({"name": "　"}, "person.name")]
)
async def test_L06_a_person_has_an_id_and_a_name(desk: Desk, change: dict[str, str], field: str) -> None:
    person: Person = msgspec.structs.replace(WANG, **change)
    with pytest.raises(FieldInvalid) as caught:
        await desk.consents.give(person, desk.terms(), NURSE)
    assert caught.value.field == field


async def test_L06_no_consent_while_nobody_knows_the_day(room: Room, desk: Desk) -> None:
    consent_id = (await desk.given()).entry.consent_id
    room.clock.trust = TimeTrust.UNTRUSTED
    with pytest.raises(ClockUntrusted):
        await desk.given()
    with pytest.raises(ClockUntrusted):
        await desk.consents.renew(consent_id, desk.terms(), NURSE)

    assert (await desk.consents.revoke(consent_id, "", NURSE)).entry.act == "revoked"


async def test_an_unknown_consent(desk: Desk) -> None:
    with pytest.raises(NotFound):
        await desk.consents.renew("nobody", desk.terms(), NURSE)
    with pytest.raises(NotFound):
        await desk.consents.revoke("nobody", "", NURSE)


async def test_Y07_a_whole_ledger(desk: Desk) -> None:
    await desk.given()
    await desk.given(LIN)
    page = await desk.consents.export(after=1, limit=1, actor=NURSE)

    assert [row.number for row in page.rows] == [2]
    assert page.head.number == 2
    assert await desk.consents.check() == LedgerCheck(head=page.head, broken_at=None)


TAMPERING = {
    "changed": ("UPDATE consents SET content = replace(content, 'drugs', 'tests') WHERE number = 2", 2),
    "dropped": ("DELETE FROM consents WHERE number = 2", 2),
    "cut off": ("DELETE FROM consents WHERE number >= 3", 3),
    "emptied": ("DELETE FROM consents", 1),
    "swapped": ("UPDATE consents SET number = CASE number WHEN 1 THEN 9 WHEN 3 THEN 1 ELSE number END", 1),
    "chained anew": ("UPDATE consents SET chain = substr(chain, 2) || 'a' WHERE number = 3", 3),
}


@pytest.mark.parametrize(("sql", "broken_at"), TAMPERING.values(), ids=TAMPERING)
async def test_Y07_whoever_gets_past_the_triggers_is_found_out(
    room: Room, desk: Desk, sql: str, broken_at: int
) -> None:
    for person in (WANG, LIN, WANG):
        await desk.given(person)
    store = vars(room.store)
    connection = store["_database"]._opened()
    for statement in (
        "DROP TRIGGER consents_are_not_changed",
        "DROP TRIGGER consents_are_not_deleted",
        sql,
    ):
        await store["_lane"].call(connection.execute, statement, deadline_s=5)

    assert (await desk.consents.check()).broken_at == broken_at


async def test_a_refused_act_leaves_no_line(room: Room, desk: Desk) -> None:
    with pytest.raises(VisitBridgeError):
        await desk.given(until=-1)
    assert await desk.acts() == []
