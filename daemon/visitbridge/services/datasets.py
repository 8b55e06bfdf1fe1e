"""Bringing data sets from the data centre to the box (B13, R03): versioned, whole or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from visitbridge.ports.catalogue import Catalogue
from visitbridge.ports.datacentre import DataCentre
from visitbridge.ports.records import DataSetRecord


class DataSetRefresh:
    """``directory`` holds downloads until they are loaded; a broken download is resumed there."""

    def __init__(self, data_centre: DataCentre, catalogue: Catalogue, directory: Path) -> None:
        self._data_centre = data_centre
        self._catalogue = catalogue
        self._directory = directory
        self._one_at_a_time = asyncio.Lock()

    async def status(self) -> Sequence[DataSetRecord]:
        return await self._catalogue.loaded()

    async def refresh(self) -> Sequence[DataSetRecord]:
        """Load every set of this box's group whose version differs from the loaded one.

        A set that cannot be fetched or is damaged leaves its old version in use and ends the refresh with
        the error of the data centre or FieldInvalid; sets loaded before it stay.
        """
        async with self._one_at_a_time:
            have = {record.name: record.version for record in await self._catalogue.loaded()}
            for info in await self._data_centre.datasets():
                if have.get(info.name) == info.version:
                    continue
                target = self._directory / f"{info.name}-{info.version}.jsonl"
                await self._data_centre.download_dataset(info, target)
                try:
                    await self._catalogue.load(info, target)
                finally:
                    target.unlink(missing_ok=True)
        return await self.status()
