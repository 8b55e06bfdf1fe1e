"""Text that would be SQL anywhere else is text here."""

from __future__ import annotations

import asyncio
import datetime as dt
import tempfile
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from visitbridge.adapters.store import open_store
from visitbridge.ports.records import AuditEntry
from visitbridge.ports.store import Transaction
from visitbridge.sim.clock import FakeClock

AT = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=60)


@settings(max_examples=40, deadline=None)
@given(TEXTS)
@example("'; DROP TABLE audit; --")
@example('" OR 1=1 --')
@example("x'); DELETE FROM settings WHERE ('1'='1")
@example(":name ? %s {0}")
def test_any_text_comes_back_as_it_went_in_and_changes_nothing_else(text: str) -> None:
    asyncio.run(_round_trip(text))


async def _round_trip(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with open_store(Path(folder) / "store.db", bytes(32), clock=FakeClock()) as store:

            def write(tx: Transaction) -> None:
                tx.settings.set("before", "kept")
                tx.settings.set(text, text)
                tx.audit.append(AuditEntry(at=AT, who=text, act=text, record=text, why=text))

            await store.write(write)
            settings_found = await store.read(lambda tx: (tx.settings.get("before"), tx.settings.get(text)))
            (row,) = await store.read(lambda tx: tx.audit.rows())
            searched = await store.read(lambda tx: tx.visits.summaries(patient_card_no=text))

    assert settings_found == ("kept" if text != "before" else text, text)
    assert (row.entry.who, row.entry.act, row.entry.record, row.entry.why) == (text,) * 4
    assert list(searched) == []
