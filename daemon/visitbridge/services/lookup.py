"""Looking codes up while typing: the institution's own and those used lately go first (M07, M08, M11)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from visitbridge.domain.datasets import FAVOURITES
from visitbridge.domain.visit import OrderKind, VisitContent, VisitState
from visitbridge.ports.catalogue import Catalogue, SearchHit
from visitbridge.ports.clock import Clock
from visitbridge.ports.store import Store, Transaction

_VISITS_LOOKED_AT: Final = 30
_REMEMBERED_S: Final = 60.0
_MOST_FAVOURITES: Final = 200
_SETS: Final = {
    OrderKind.DRUG: "drugs",
    OrderKind.MATERIAL: "materials",
    OrderKind.SERVICE: "fees",
    OrderKind.TEST: "tests",
    OrderKind.SELF_PAID: "self_paid",
}


class CodeLookup:
    """What the last visits used is read once a minute, not at every key."""

    def __init__(self, catalogue: Catalogue, store: Store, clock: Clock) -> None:
        self._catalogue = catalogue
        self._store = store
        self._clock = clock
        self._recent: dict[str, set[str]] = {}
        self._read_until_s = 0.0

    async def search(self, dataset: str, query: str, *, limit: int) -> Sequence[SearchHit]:
        """Favourites, then codes of the last 30 visits, are preferred; see ``ports.catalogue.Catalogue``."""
        preferred = await self._favourites(dataset) | (await self._used_lately()).get(dataset, set())
        return await self._catalogue.search(dataset, query, preferred=preferred, limit=limit)

    async def _favourites(self, dataset: str) -> set[str]:
        own = FAVOURITES.get(dataset)
        if own is None:
            return set()
        return {hit.row.code for hit in await self._catalogue.search(own, "", limit=_MOST_FAVOURITES)}

    async def _used_lately(self) -> dict[str, set[str]]:
        now_s = self._clock.monotonic()
        if now_s >= self._read_until_s:
            contents = await self._store.read(_last_contents)
            self._recent = {}
            for content in contents:
                for dataset, code in _codes(content):
                    self._recent.setdefault(dataset, set()).add(code)
            self._read_until_s = now_s + _REMEMBERED_S
        return self._recent


def _last_contents(tx: Transaction) -> list[VisitContent]:
    lines = tx.visits.summaries(state=VisitState.FINISHED, limit=_VISITS_LOOKED_AT)
    found = (tx.visits.get(line.visit_id) for line in lines)
    return [visit.content for visit in found if visit is not None]


def _codes(content: VisitContent) -> list[tuple[str, str]]:
    diagnoses = [("icd10", diagnosis.code) for diagnosis in content.diagnoses]
    orders = [
        (_SETS[order.kind], order.code)
        for order in content.orders
        if order.kind in _SETS and not order.self_entered
    ]
    return diagnoses + orders
