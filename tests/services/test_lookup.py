"""Favourites and codes used lately go first in a search (M07, M08, M11)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from tests.adapters.store.builders import save, visit
from tests.adapters.store.catalogue.lines import DIAGNOSES, write
from visitbridge.adapters.store import SqlCatalogue, open_catalogue
from visitbridge.domain.visit import Diagnosis, Order, OrderKind, VisitContent, VisitState
from visitbridge.ports.store import Store
from visitbridge.protocols.datacentre.uploads import DataSetRow
from visitbridge.services.lookup import CodeLookup
from visitbridge.sim.clock import FakeClock


@pytest.fixture
async def catalogue(tmp_path: Path, clock: FakeClock) -> AsyncIterator[SqlCatalogue]:
    async with open_catalogue(tmp_path / "catalogue", clock=clock) as opened:
        await opened.load(*write(tmp_path, DIAGNOSES))
        yield opened


@pytest.fixture
def lookup(catalogue: SqlCatalogue, store: Store, clock: FakeClock) -> CodeLookup:
    return CodeLookup(catalogue, store, clock)


async def found(lookup: CodeLookup, query: str, dataset: str = "icd10") -> list[str]:
    return [hit.row.code for hit in await lookup.search(dataset, query, limit=5)]


async def used(store: Store, visit_id: str, *codes: str, state: VisitState = VisitState.FINISHED) -> None:
    content = VisitContent(diagnoses=tuple(Diagnosis(code=code) for code in codes))
    await save(store, visit(visit_id, state=state, content=content))


async def test_M07_one_chinese_character_is_enough(lookup: CodeLookup) -> None:
    assert await found(lookup, "肺") == ["J18.9", "B01.2"]


async def test_M08_the_institutions_own_list_goes_first(
    lookup: CodeLookup, catalogue: SqlCatalogue, tmp_path: Path
) -> None:
    assert (await found(lookup, "糖尿病"))[0] == "E10.9"
    own = [DataSetRow(code="E11.9", name_zh="第二型糖尿病"), DataSetRow(code="B01.2", name_zh="肺炎")]
    await catalogue.load(*write(tmp_path, own, name="my_diagnoses"))

    assert (await found(lookup, "糖尿病"))[0] == "E11.9"
    assert (await found(lookup, "肺"))[0] == "B01.2"
    assert (await found(lookup, ""))[:2] == ["B01.2", "E11.9"]
    assert [hit.favourite for hit in await lookup.search("icd10", "肺", limit=5)] == [True, False]


async def test_M07_codes_of_the_last_visits_go_first(
    lookup: CodeLookup, store: Store, clock: FakeClock
) -> None:
    await used(store, "v-draft", "B01.2", state=VisitState.DRAFT)
    assert (await found(lookup, "肺"))[0] == "J18.9"
    await used(store, "v-1", "B01.2")
    assert (await found(lookup, "肺"))[0] == "J18.9"
    clock.advance(60)
    assert (await found(lookup, "肺"))[0] == "B01.2"


async def test_M11_orders_are_remembered_by_their_own_table(
    lookup: CodeLookup, catalogue: SqlCatalogue, store: Store, tmp_path: Path
) -> None:
    rows = [DataSetRow(code="B02325", name_zh="甲錠"), DataSetRow(code="B02326", name_zh="乙錠劑")]
    await catalogue.load(*write(tmp_path, rows, name="drugs"))
    await catalogue.load(*write(tmp_path, rows, name="fees"))
    drug = Order(kind=OrderKind.DRUG, code="B02326")
    own = msgspec.structs.replace(drug, code="B02325", self_entered=True)
    await save(store, visit("v-1", state=VisitState.FINISHED, content=VisitContent(orders=(drug, own))))

    assert await found(lookup, "錠", "drugs") == ["B02326", "B02325"]
    assert await found(lookup, "錠", "fees") == ["B02325", "B02326"]
    assert await found(lookup, "b0232", "drugs") == ["B02325", "B02326"]


async def test_a_set_that_is_not_loaded_finds_nothing(lookup: CodeLookup) -> None:
    assert await found(lookup, "肺", "nothing") == []
