"""The catalogue: loads data sets aside, searches the finished ones."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import AsyncIterator, Collection, Sequence
from pathlib import Path
from typing import Final

from visitbridge.adapters.disk_errors import disk_error
from visitbridge.adapters.store import binding
from visitbridge.adapters.store.catalogue.build import build
from visitbridge.adapters.store.catalogue.index import Index
from visitbridge.adapters.store.files import put_in_place
from visitbridge.errors import FieldInvalid, StoreDamaged
from visitbridge.ports.catalogue import SearchHit
from visitbridge.ports.clock import Clock
from visitbridge.ports.records import DataSetRecord
from visitbridge.protocols.datacentre.uploads import DataSetInfo, DataSetRow
from visitbridge.runtime.lane import Lane

log = logging.getLogger(__name__)

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_SUFFIX: Final = ".dataset"
_UNFINISHED: Final = ".loading"

MOST_HITS: Final = 200


class SqlCatalogue:
    """Implements ``ports.catalogue.Catalogue``. Searching and loading have a lane each."""

    def __init__(self, folder: Path, clock: Clock, searching: Lane, loading: Lane) -> None:
        self._folder = folder
        self._clock = clock
        self._searching = searching
        self._loading = loading
        self._indexes: dict[str, Index] = {}

    async def load(self, info: DataSetInfo, file: Path) -> DataSetRecord:
        """See ``ports.catalogue.Catalogue``. Raises also StoreFull, StoreReadOnly; the old version stays then."""
        if not _NAME.fullmatch(info.name):
            raise FieldInvalid("a data set's name has small letters, digits, - and _", field="name")
        record = DataSetRecord(
            name=info.name,
            version=info.version,
            group=info.group,
            rows=info.rows,
            sha256=info.sha256,
            loaded_at=self._clock.now(),
        )
        former = self._path(info.name) if info.name in self._indexes else None
        record = await self._loading.call(self._build, info, file, record, former, deadline_s=300.0)
        await self._searching.call(self._open, info.name, deadline_s=30.0)
        return record

    async def loaded(self) -> Sequence[DataSetRecord]:
        return await self._searching.call(self._records, deadline_s=30.0)

    async def search(
        self, dataset: str, query: str, *, preferred: Collection[str] = (), limit: int = 20
    ) -> Sequence[SearchHit]:
        """See ``ports.catalogue.Catalogue``. ``limit`` is at most 200."""
        return await self._searching.call(
            self._search, dataset, query, preferred, max(0, min(limit, MOST_HITS)), deadline_s=30.0
        )

    async def get(self, dataset: str, code: str) -> DataSetRow | None:
        return await self._searching.call(self._get, dataset, code, deadline_s=30.0)

    def open_all(self) -> None:
        """Open every data set that is there; one that is damaged counts as not loaded."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for path in self._folder.glob(f"*{_UNFINISHED}*"):
            path.unlink()
        for path in self._folder.glob(f"*{_SUFFIX}"):
            try:
                self._open(path.name.removesuffix(_SUFFIX))
            except StoreDamaged as exc:
                log.warning("data set %s has to be loaded again: %s", path.name, exc)

    def close_all(self) -> None:
        for index in self._indexes.values():
            index.close()
        self._indexes.clear()

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}{_SUFFIX}"

    def _build(
        self, info: DataSetInfo, file: Path, record: DataSetRecord, former: Path | None
    ) -> DataSetRecord:
        target = self._path(info.name)
        unfinished = target.with_name(target.name + _UNFINISHED)
        try:
            unfinished.unlink(missing_ok=True)
            record = build(info, file, record, unfinished, former=former)
            put_in_place(unfinished, target)
        except binding.VendorError as exc:
            raise binding.translate(exc, target) from exc
        except OSError as exc:
            raise disk_error(exc) from exc
        finally:
            unfinished.unlink(missing_ok=True)
        return record

    def _open(self, name: str) -> None:
        index = Index(self._path(name))
        former = self._indexes.get(name)
        self._indexes[name] = index
        if former is not None:
            former.close()

    def _records(self) -> list[DataSetRecord]:
        return [self._indexes[name].record for name in sorted(self._indexes)]

    def _search(
        self, dataset: str, query: str, preferred: Collection[str], limit: int
    ) -> Sequence[SearchHit]:
        index = self._indexes.get(dataset)
        return () if index is None else index.search(query, preferred=preferred, limit=limit)

    def _get(self, dataset: str, code: str) -> DataSetRow | None:
        index = self._indexes.get(dataset)
        return None if index is None else index.get(code)


@contextlib.asynccontextmanager
async def open_catalogue(folder: Path, *, clock: Clock) -> AsyncIterator[SqlCatalogue]:
    """Open the data sets in ``folder`` (made if it is not there) for searching and loading."""
    searching, loading = Lane("catalogue"), Lane("catalogue-loading")
    catalogue = SqlCatalogue(folder, clock, searching, loading)
    try:
        await searching.call(catalogue.open_all, deadline_s=60.0)
        yield catalogue
    finally:
        await loading.close()
        await searching.call(catalogue.close_all, deadline_s=30.0)
        await searching.close()
