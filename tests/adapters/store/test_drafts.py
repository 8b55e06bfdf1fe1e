"""Which phone edits a draft, and the signature under a visit: they go with the visit's row."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from tests.adapters.store.builders import KEY, NOW, visit
from visitbridge.adapters.store import SqlStore, open_store
from visitbridge.domain.signature import Drawing, Signature, Signer
from visitbridge.errors import StoreError
from visitbridge.ports.drafts import Editor
from visitbridge.ports.store import Transaction
from visitbridge.sim.clock import FakeClock

EDITOR = Editor(phone_id="p1", taken_at=NOW)
SIGNATURE = Signature(
    drawing=Drawing(signer=Signer.FAMILY, relation="女兒", strokes=((1, 2, 3, 4), (5, 6))),
    signed_at=NOW,
    revision=3,
)
VISIT = visit()


def put(tx: Transaction) -> None:
    tx.visits.put(VISIT)
    tx.editors.put(VISIT.visit_id, EDITOR)
    tx.signatures.put(VISIT.visit_id, SIGNATURE)


async def test_they_come_back_whole_after_a_restart(path: Path, clock: FakeClock) -> None:
    async with open_store(path, KEY, clock=clock) as store:
        await store.write(put)
    async with open_store(path, KEY, clock=clock) as store:
        assert await store.read(lambda tx: tx.editors.get(VISIT.visit_id)) == EDITOR
        assert await store.read(lambda tx: tx.signatures.get(VISIT.visit_id)) == SIGNATURE


async def test_the_newer_replaces_and_removal_leaves_nothing(store: SqlStore) -> None:
    other = Editor(phone_id="p2", taken_at=NOW + dt.timedelta(seconds=1))
    await store.write(put)
    await store.write(lambda tx: tx.editors.put(VISIT.visit_id, other))
    assert await store.read(lambda tx: tx.editors.get(VISIT.visit_id)) == other

    def remove(tx: Transaction) -> None:
        tx.editors.remove(VISIT.visit_id)
        tx.signatures.remove(VISIT.visit_id)

    await store.write(remove)
    assert await store.read(lambda tx: tx.editors.get(VISIT.visit_id)) is None
    assert await store.read(lambda tx: tx.signatures.get(VISIT.visit_id)) is None


async def test_nobody_edits_or_signs_what_is_not_there(store: SqlStore) -> None:
    with pytest.raises(StoreError):
        await store.write(lambda tx: tx.editors.put("nothing", EDITOR))
    with pytest.raises(StoreError):
        await store.write(lambda tx: tx.signatures.put("nothing", SIGNATURE))
