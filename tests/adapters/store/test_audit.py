"""Nobody changes the audit trail unseen (Y08)."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters.store.builders import NOW, visit
from visitbridge.adapters.store import SqlStore
from visitbridge.errors import StaleRevision
from visitbridge.ports.records import AuditEntry, AuditRow
from visitbridge.ports.store import Transaction
from visitbridge.protocols.datacentre.audit_trail import FIRST_CHAIN, chain_of, first_break

ENTRY = AuditEntry(at=NOW, who="S1", act="visit.finish", record="visit-1", phone_id="phone-1", why="複診")


async def append(store: SqlStore, *entries: AuditEntry) -> None:
    def work(tx: Transaction) -> None:
        for entry in entries:
            tx.audit.append(entry)

    await store.write(work)


def test_the_chain_value_is_what_the_port_says() -> None:
    # Written by hand: the former value, then the entry's members by name.
    canonical = (
        '{"act":"visit.finish","at":"2026-11-23T01:00:00.123456Z","phone_id":"phone-1","record":"visit-1",'
        '"who":"S1","why":"複診"}'
    )
    expected = hashlib.sha256(("0" * 64 + canonical).encode()).hexdigest()
    assert chain_of(FIRST_CHAIN, ENTRY) == expected


async def test_rows_come_in_order_and_follow_from_each_other(store: SqlStore) -> None:
    entries = [msgspec.structs.replace(ENTRY, record=f"visit-{number}") for number in range(5)]
    await append(store, *entries)
    rows = await store.read(lambda tx: tx.audit.rows())
    assert [row.entry for row in rows] == entries
    assert [row.number for row in rows] == [1, 2, 3, 4, 5]
    assert first_break(rows) is None
    assert await store.read(lambda tx: tx.audit.head()) == (5, rows[-1].chain)
    assert await store.read(lambda tx: tx.audit.rows(after=2, limit=2)) == rows[2:4]


async def test_an_empty_trail_has_a_head(store: SqlStore) -> None:
    assert await store.read(lambda tx: tx.audit.head()) == (0, FIRST_CHAIN)


async def test_a_moment_is_chained_as_it_is_stored(store: SqlStore) -> None:
    taipei = NOW.astimezone(dt.timezone(dt.timedelta(hours=8)))
    await store.write(lambda tx: tx.audit.append(msgspec.structs.replace(ENTRY, at=taipei)))
    (row,) = await store.read(lambda tx: tx.audit.rows())
    assert row.entry == ENTRY
    assert first_break([row]) is None


async def test_an_act_that_is_undone_leaves_no_row(store: SqlStore) -> None:
    def act(tx: Transaction) -> None:
        tx.audit.append(ENTRY)
        tx.visits.put(visit(revision=9))

    await store.write(lambda tx: tx.audit.append(ENTRY))
    with pytest.raises(StaleRevision):
        await store.write(act)
    await store.write(lambda tx: tx.audit.append(ENTRY))
    rows = await store.read(lambda tx: tx.audit.rows())
    assert [row.number for row in rows] == [1, 2]
    assert first_break(rows) is None


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("UPDATE audit SET who = 'nobody'", "audit rows are not changed"),
        ("UPDATE audit SET chain = '' WHERE number = 1", "audit rows are not changed"),
        ("DELETE FROM audit", "audit rows are not deleted"),
        ("DELETE FROM audit WHERE number = 2", "audit rows are not deleted"),
    ],
)
async def test_the_database_refuses_to_change_or_delete_rows(store: SqlStore, sql: str, words: str) -> None:
    await append(store, ENTRY, ENTRY)
    before = await store.read(lambda tx: tx.audit.rows())
    with pytest.raises(Exception, match=words):
        await store._lane.call(store._database._opened().execute, sql, deadline_s=5)
    assert await store.read(lambda tx: tx.audit.rows()) == before


def _chained(entries: list[AuditEntry]) -> list[AuditRow]:
    rows: list[AuditRow] = []
    chain = FIRST_CHAIN
    for number, entry in enumerate(entries, 1):
        chain = chain_of(chain, entry)
        rows.append(AuditRow(number=number, entry=entry, chain=chain))
    return rows


def _drop(rows: list[AuditRow], at: int) -> None:
    del rows[at]


def _swap(rows: list[AuditRow], at: int) -> None:
    rows[at], rows[at - 1] = rows[at - 1], rows[at]


def _renumber(rows: list[AuditRow], at: int) -> None:
    rows[at] = msgspec.structs.replace(rows[at], number=rows[at].number + 1)


def _alter(name: str, value: Any) -> Callable[[list[AuditRow], int], None]:
    def change(rows: list[AuditRow], at: int) -> None:
        rows[at] = msgspec.structs.replace(
            rows[at], entry=msgspec.structs.replace(rows[at].entry, **{name: value})
        )

    return change


def _forge(rows: list[AuditRow], at: int) -> None:
    rows[at] = msgspec.structs.replace(rows[at], chain="f" * 64)


CHANGES = [
    _swap,
    _renumber,
    _forge,
    _alter("who", "other"),
    _alter("why", ""),
    _alter("at", NOW + dt.timedelta(microseconds=1)),
]


@given(
    acts=st.lists(st.sampled_from(["visit.open", "visit.finish", "card.read"]), min_size=2, max_size=12),
    change=st.sampled_from(CHANGES),
    data=st.data(),
)
def test_every_change_shows(
    acts: list[str], change: Callable[[list[AuditRow], int], None], data: st.DataObject
) -> None:
    rows = _chained([msgspec.structs.replace(ENTRY, act=act, record=str(n)) for n, act in enumerate(acts)])
    assert first_break(rows) is None
    change(rows, data.draw(st.integers(1, len(rows) - 1)))
    assert first_break(rows) is not None


@given(count=st.integers(2, 10), data=st.data())
def test_a_missing_row_shows_and_the_last_one_by_the_head(count: int, data: st.DataObject) -> None:
    rows = _chained([msgspec.structs.replace(ENTRY, record=str(number)) for number in range(count)])
    head = (rows[-1].number, rows[-1].chain)
    _drop(rows, data.draw(st.integers(0, count - 1)))
    seen = (rows[-1].number, rows[-1].chain)
    assert first_break(rows) is not None or seen != head


def test_a_portion_is_checked_from_where_the_last_one_ended() -> None:
    rows = _chained([ENTRY] * 6)
    assert first_break(rows[3:], previous=rows[2].chain, after=3) is None
    assert first_break(rows[3:], previous=rows[1].chain, after=3) == 4
