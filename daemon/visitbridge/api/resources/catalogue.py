"""Search in the data sets, their refresh, and whose sets the box uses (B13, M07, M11, S02)."""

from __future__ import annotations

import re
from typing import Annotated, Protocol

import msgspec
from msgspec import Meta

from visitbridge.api.routes import PAIRED, TECHNICIAN, AnyRoute, Call, NoQuery, Route
from visitbridge.errors import NotFound
from visitbridge.ports.catalogue import SearchHit
from visitbridge.ports.records import DataSetRecord, StaffSessionRow
from visitbridge.services.datasets import DataSetRefresh, DataSetStatus
from visitbridge.services.lookup import CodeLookup

_NAME = re.compile(r"[a-z0-9_]{1,40}")


class Search(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An empty ``q`` lists what comes first: favourites, then by rank."""

    q: Annotated[str, Meta(max_length=100)] = ""
    limit: Annotated[int, Meta(ge=1, le=100)] = 20


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a data set; ``billable`` is false for headings."""

    code: str
    name_zh: str
    name_en: str
    billable: bool
    attributes: dict[str, str]
    favourite: bool


class ChooseGroup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    group: Annotated[str, Meta(min_length=1, max_length=40)]


class People(Protocol):
    def live_for_phone(self, phone_id: str) -> StaffSessionRow | None: ...


class Catalogue:
    def __init__(self, lookup: CodeLookup, datasets: DataSetRefresh, people: People) -> None:
        self._lookup = lookup
        self._datasets = datasets
        self._people = people

    def routes(self) -> list[AnyRoute]:
        return [
            Route(
                method="GET",
                path="/api/catalogue/{dataset}",
                summary="Search a data set by code, Chinese or English",
                access=PAIRED,
                handler=self._search,
                query=Search,
                answer=list[Hit],
            ),
            Route(
                method="GET",
                path="/api/datasets",
                summary="Loaded data sets with their versions",
                access=PAIRED,
                handler=self._list,
                answer=tuple[DataSetRecord, ...],
            ),
            Route(
                method="GET",
                path="/api/datasets/status",
                summary="When data sets were last compared, and which are missing",
                access=PAIRED,
                handler=self._status,
                answer=DataSetStatus,
            ),
            Route(
                method="POST",
                path="/api/datasets/refresh",
                summary="Fetch new versions of the data sets",
                access=PAIRED,
                handler=self._refresh,
                answer=tuple[DataSetRecord, ...],
            ),
            Route(
                method="PUT",
                path="/api/datasets/group",
                summary="Use another group's data sets (設定資料組別) and fetch them",
                access=TECHNICIAN,
                handler=self._choose,
                body=ChooseGroup,
                answer=tuple[DataSetRecord, ...],
            ),
        ]

    async def _search(self, call: Call[Search, None]) -> list[Hit]:
        name = call.path["dataset"]
        if not _NAME.fullmatch(name):
            raise NotFound("no such data set", field="dataset")
        hits = await self._lookup.search(name, call.query.q, limit=call.query.limit)
        return [_hit(hit) for hit in hits]

    async def _list(self, call: Call[NoQuery, None]) -> tuple[DataSetRecord, ...]:
        return tuple(await self._datasets.status())

    async def _status(self, call: Call[NoQuery, None]) -> DataSetStatus:
        return await self._datasets.completeness()

    async def _refresh(self, call: Call[NoQuery, None]) -> tuple[DataSetRecord, ...]:
        return tuple(await self._datasets.refresh())

    async def _choose(self, call: Call[NoQuery, ChooseGroup]) -> tuple[DataSetRecord, ...]:
        row = self._people.live_for_phone(call.phone_id)
        staff_id = "" if row is None else row.staff_id
        return tuple(await self._datasets.choose(call.body.group, staff_id=staff_id, phone_id=call.phone_id))


def _hit(hit: SearchHit) -> Hit:
    return Hit(
        code=hit.row.code,
        name_zh=hit.row.name_zh,
        name_en=hit.row.name_en,
        billable=hit.row.billable,
        attributes=hit.row.attributes,
        favourite=hit.favourite,
    )
