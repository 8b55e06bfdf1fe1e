"""The consent ledger cannot be changed unseen, and copies of records go when they have to (L06, Y07)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters.store.builders import NOW, save, visit
from visitbridge.adapters.store import SqlStore
from visitbridge.domain.consents import ConsentAct, ConsentEntry, ConsentTerms, Person, Signer
from visitbridge.domain.plans import PlannedVisit
from visitbridge.domain.records import RecordKind
from visitbridge.domain.visit import VisitState
from visitbridge.ports.consents import ConsentRow, KeptRecords
from visitbridge.ports.store import Transaction
from visitbridge.protocols.datacentre.audit_trail import FIRST_CHAIN, chain_of, first_break
from visitbridge.protocols.datacentre.records import CloudRecord

PERSON = Person(id_no="A123456788", name="測試甲", birth_date=dt.date(1941, 3, 8))
TERMS = ConsentTerms(
    kinds=(RecordKind.DRUGS,),
    signer=Signer.PATIENT,
    signed_on=dt.date(2026, 11, 1),
    until=dt.date(2026, 12, 1),
)
GIVEN = ConsentEntry(
    at=NOW, consent_id="c-1", act=ConsentAct.GIVEN, who="S1", person=PERSON, terms=TERMS, phone_id="phone-1"
)


def entry(
    consent_id: str = "c-1", act: ConsentAct = ConsentAct.GIVEN, id_no: str = "A123456788"
) -> ConsentEntry:
    person = msgspec.structs.replace(PERSON, id_no=id_no)
    return msgspec.structs.replace(GIVEN, consent_id=consent_id, act=act, person=person)


async def append(store: SqlStore, *entries: ConsentEntry) -> list[ConsentRow]:
    return await store.write(lambda tx: [tx.consents.append(each) for each in entries])


def chained(*entries: ConsentEntry) -> list[ConsentRow]:
    rows: list[ConsentRow] = []
    previous = FIRST_CHAIN
    for number, each in enumerate(entries, 1):
        previous = chain_of(previous, each)
        rows.append(ConsentRow(number=number, entry=each, chain=previous))
    return rows


async def test_L06_lines_come_in_order_and_follow_from_each_other(store: SqlStore) -> None:
    entries = [entry("c-1"), entry("c-2"), entry("c-1", ConsentAct.REVOKED)]
    written = await append(store, *entries)
    rows = await store.read(lambda tx: tx.consents.rows())

    assert rows == written == chained(*entries)
    assert first_break(rows) is None
    assert await store.read(lambda tx: tx.consents.rows(after=1, limit=1)) == rows[1:2]


async def test_L06_the_latest_line_is_what_a_consent_is(store: SqlStore) -> None:
    over = [entry("c-1", ConsentAct.REVOKED), entry("c-3", ConsentAct.EXPIRED)]
    other = entry("c-4", id_no="A223456780")
    await append(store, entry("c-1"), entry("c-2"), entry("c-3"), *over, other)

    def look(tx: Transaction) -> tuple[ConsentEntry | None, ...]:
        return (tx.consents.of("c-1"), tx.consents.of("nobody"))

    assert await store.read(look) == (over[0], None)
    assert [each.consent_id for each in await store.read(lambda tx: tx.consents.open())] == ["c-2", "c-4"]
    of_person = await store.read(lambda tx: tx.consents.of_person("A123456788"))
    assert [(each.consent_id, each.act) for each in of_person] == [
        ("c-2", "given"),
        ("c-1", "revoked"),
        ("c-3", "expired"),
    ]


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("UPDATE consents SET content = '{}'", "not changed"),
        ("UPDATE consents SET number = 7", "not changed"),
        ("DELETE FROM consents", "not deleted"),
    ],
)
async def test_Y07_the_ledger_is_neither_changed_nor_shortened(store: SqlStore, sql: str, words: str) -> None:
    before = await append(store, GIVEN)
    with pytest.raises(Exception, match=words):
        await store._lane.call(store._database._opened().execute, sql, deadline_s=5)
    assert await store.read(lambda tx: tx.consents.rows()) == before


@st.composite
def tampering(draw: st.DrawFn) -> Callable[[list[ConsentRow]], list[ConsentRow]]:
    """A change to a ledger of four lines that leaves a line where the last one was."""
    at = draw(st.integers(0, 3))
    what = draw(st.sampled_from(["drop", "swap", "act", "person", "until", "chain", "double"]))

    def act(rows: list[ConsentRow]) -> list[ConsentRow]:
        row = rows[at]
        changed = {
            "act": lambda: msgspec.structs.replace(row.entry, act=ConsentAct.RENEWED),
            "person": lambda: msgspec.structs.replace(
                row.entry, person=msgspec.structs.replace(row.entry.person, id_no="A223456780")
            ),
            "until": lambda: msgspec.structs.replace(
                row.entry, terms=msgspec.structs.replace(row.entry.terms, until=dt.date(2027, 1, 1))
            ),
        }
        if what == "drop":
            return [*rows[:at], *rows[at + 1 :], msgspec.structs.replace(rows[-1], number=5)]
        if what == "double":
            return [*rows[:at], row, *rows[at:]]
        if what == "swap":
            other = (at + 1) % 4
            rows = list(rows)
            rows[at], rows[other] = rows[other], rows[at]
            return rows
        if what == "chain":
            chain = ("1" if row.chain[0] == "0" else "0") + row.chain[1:]
            return [*rows[:at], msgspec.structs.replace(row, chain=chain), *rows[at + 1 :]]
        return [*rows[:at], msgspec.structs.replace(row, entry=changed[what]()), *rows[at + 1 :]]

    return act


@given(tampering())
def test_Y07_any_changed_dropped_or_swapped_line_breaks_the_chain(
    tamper: Callable[[list[ConsentRow]], list[ConsentRow]],
) -> None:
    rows = chained(*(entry(f"c-{number}") for number in range(4)))

    assert first_break(rows) is None
    assert first_break(tamper(rows)) is not None


@given(st.data())
def test_Y07_any_flipped_byte_of_a_line_breaks_the_chain(data: st.DataObject) -> None:
    raw = bytearray(msgspec.json.encode(GIVEN, order="sorted"))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    try:
        flipped = msgspec.json.decode(bytes(raw), type=ConsentEntry)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    assert flipped == GIVEN or chain_of(FIRST_CHAIN, flipped) != chain_of(FIRST_CHAIN, GIVEN)


def kept(consent_id: str, *, days: int) -> KeptRecords:
    record = CloudRecord(
        kind=RecordKind.DRUGS, on=dt.date(2026, 11, 1), institution="示範醫院", values={"給藥日數": "28"}
    )
    return KeptRecords(
        consent_id=consent_id,
        id_no="A123456788",
        kinds=(RecordKind.DRUGS,),
        fetched_at=NOW,
        as_of=NOW,
        purge_at=NOW + dt.timedelta(days=days),
        records=(record,),
    )


async def test_L06_copies_are_kept_found_and_purged(store: SqlStore) -> None:
    def put(tx: Transaction) -> None:
        tx.record_copies.put(kept("c-1", days=9))
        tx.record_copies.put(kept("c-2", days=2))
        tx.record_copies.put(kept("c-1", days=3))

    await store.write(put)

    def look(tx: Transaction) -> object:
        copies = tx.record_copies
        return (
            copies.get("c-1"),
            [each.consent_id for each in copies.of_person("A123456788")],
            copies.due(NOW + dt.timedelta(days=2)),
            copies.next_purge(),
            copies.fetched_at("c-1"),
            copies.fetched_at("c-9"),
        )

    assert await store.read(look) == (
        kept("c-1", days=3),
        ["c-1", "c-2"],
        ["c-2"],
        NOW + dt.timedelta(days=2),
        NOW,
        None,
    )
    assert await store.write(lambda tx: (tx.record_copies.purge("c-2"), tx.record_copies.purge("c-2"))) == (
        True,
        False,
    )
    assert await store.read(lambda tx: tx.record_copies.get("c-2")) is None


async def test_plans_of_a_day_in_order(store: SqlStore) -> None:
    def plan(plan_id: str, hours: int) -> PlannedVisit:
        return PlannedVisit(plan_id=plan_id, planned_at=NOW + dt.timedelta(hours=hours), person=PERSON)

    def put(tx: Transaction) -> None:
        for each in (plan("late", 5), plan("early", 1), plan("tomorrow", 24), plan("yesterday", -24)):
            tx.plans.put(each)
        tx.plans.put(plan("late", 6))
        tx.plans.forget_before(NOW)

    await store.write(put)
    found = await store.read(lambda tx: tx.plans.between(NOW, NOW + dt.timedelta(hours=24)))

    assert found == [plan("early", 1), plan("late", 6)]
    assert await store.read(lambda tx: (tx.plans.get("yesterday"), tx.plans.get("tomorrow"))) == (
        None,
        plan("tomorrow", 24),
    )
    assert await store.write(lambda tx: (tx.plans.remove("late"), tx.plans.remove("late"))) == (True, False)


async def test_Q01_finished_visits_of_one_person_whatever_the_card(store: SqlStore) -> None:
    first, other = visit("v-1"), visit("v-2")
    new_card = msgspec.structs.replace(first.patient, card_no="900000000009")
    stranger = msgspec.structs.replace(first.patient, id_no="A223456780", name="測試乙")
    await save(
        store,
        visit("v-1", state=VisitState.FINISHED, visit_at=NOW - dt.timedelta(days=30)),
        visit("v-2", state=VisitState.FINISHED, patient=new_card),
        visit("v-3"),
        visit("v-4", state=VisitState.FINISHED, patient=stranger),
    )
    assert other.patient.card_no != new_card.card_no

    found = await store.read(lambda tx: tx.visits.of_person("A123456788"))
    assert [each.visit_id for each in found] == ["v-2", "v-1"]
    people = await store.read(lambda tx: tx.visits.last_of_each_person())
    assert {each.patient.name for each in people} == {"測試甲", "測試乙"}
    assert len(people) == 2
