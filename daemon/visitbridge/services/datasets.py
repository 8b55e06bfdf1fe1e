"""Bringing data sets from the data centre to the box (B13, R03): versioned, whole or not at all."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

import msgspec

from visitbridge.domain.datasets import NEEDED, QPA_SETS
from visitbridge.ports.catalogue import Catalogue
from visitbridge.ports.clock import Clock
from visitbridge.ports.records import DataSetRecord
from visitbridge.ports.store import Store
from visitbridge.protocols.datacentre.uploads import DataSetInfo

_CHECKED_AT: Final = "datasets.checked_at"


class DataSetSource(Protocol):
    """The part of ``ports.DataCentre`` that data sets come from."""

    async def datasets(self) -> tuple[DataSetInfo, ...]: ...

    async def download_dataset(self, info: DataSetInfo, target: Path) -> None: ...


class DataSetStatus(msgspec.Struct, frozen=True, kw_only=True):
    """``checked_at``: when the box last had all that the data centre offers it; None: never.

    ``missing``: needed for a visit and not loaded. ``empty``: of the seven that the institution edits itself, those
    that are not loaded or have no row (B14).
    """

    checked_at: dt.datetime | None
    missing: tuple[str, ...]
    empty: tuple[str, ...]


class DataSetRefresh:
    """``directory`` holds downloads until they are loaded; a broken download is resumed there."""

    def __init__(
        self, data_centre: DataSetSource, catalogue: Catalogue, directory: Path, store: Store, clock: Clock
    ) -> None:
        self._data_centre = data_centre
        self._catalogue = catalogue
        self._directory = directory
        self._store = store
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()

    async def status(self) -> Sequence[DataSetRecord]:
        return await self._catalogue.loaded()

    async def completeness(self) -> DataSetStatus:
        rows = {record.name: record.rows for record in await self._catalogue.loaded()}
        text = await self._store.read(lambda tx: tx.settings.get(_CHECKED_AT))
        return DataSetStatus(
            checked_at=None if text is None else dt.datetime.fromisoformat(json.loads(text)),
            missing=tuple(name for name in NEEDED if not rows.get(name)),
            empty=tuple(name for name in QPA_SETS if not rows.get(name)),
        )

    async def refresh(self) -> Sequence[DataSetRecord]:
        """Load every set of this box's group whose version or group differs from the loaded one.

        A set that cannot be fetched or is damaged leaves its old version in use and ends the refresh with
        the error of the data centre or FieldInvalid; sets loaded before it stay.
        """
        async with self._one_at_a_time:
            have = {record.name: (record.group, record.version) for record in await self._catalogue.loaded()}
            for info in await self._data_centre.datasets():
                if have.get(info.name) == (info.group, info.version):
                    continue
                target = self._directory / f"{info.name}-{info.group}-{info.version}.jsonl"
                await self._data_centre.download_dataset(info, target)
                try:
                    await self._catalogue.load(info, target)
                finally:
                    target.unlink(missing_ok=True)
            checked_at = json.dumps(self._clock.now().isoformat())
            await self._store.write(lambda tx: tx.settings.set(_CHECKED_AT, checked_at))
        return await self.status()
