"""Searchable data sets on the box: diagnoses, drugs, departments, routes, frequencies (B13, M07, M11)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from visitbridge.ports.records import DataSetRecord
from visitbridge.protocols.datacentre.uploads import DataSetInfo, DataSetRow


class SearchHit(msgspec.Struct, frozen=True, kw_only=True):
    row: DataSetRow
    favourite: bool = False


class Catalogue(Protocol):
    async def load(self, info: DataSetInfo, file: Path) -> DataSetRecord:
        """Replace a data set by the file's rows in one transaction; all of it or nothing.

        Raises FieldInvalid naming the line when the file is damaged or its row count differs.
        """
        ...

    async def loaded(self) -> Sequence[DataSetRecord]: ...

    async def search(
        self, dataset: str, query: str, *, preferred: Collection[str] = (), limit: int = 20
    ) -> Sequence[SearchHit]:
        """By code prefix, Chinese (one character up) and English; no hits in a set that is not loaded.

        Ranked: the exact code, codes it begins, ``preferred`` codes (those used lately, say) and rows with the
        attribute ``favourite`` = ``1``, billable rows, shorter names. An empty query gives the first rows.
        """
        ...

    async def get(self, dataset: str, code: str) -> DataSetRow | None:
        """The row of exactly this code."""
        ...
