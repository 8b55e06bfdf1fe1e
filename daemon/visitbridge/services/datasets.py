"""Bringing data sets from the data centre to the box (B13, R03, S02): versioned, whole or not at all."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final, Protocol

import msgspec

from visitbridge.domain.datasets import NEEDED, QPA_SETS
from visitbridge.ports.catalogue import Catalogue
from visitbridge.ports.clock import Clock
from visitbridge.ports.records import AuditEntry, DataSetRecord
from visitbridge.ports.store import Store, Transaction
from visitbridge.protocols.datacentre.uploads import DataSetInfo, DataSetManifest

_CHECKED_AT: Final = "datasets.checked_at"
_OFFER: Final = "datasets.offer"


class DataSetSource(Protocol):
    """The part of ``ports.DataCentre`` that data sets come from."""

    async def datasets(self) -> DataSetManifest: ...

    async def choose_dataset_group(self, group: str) -> DataSetManifest: ...

    async def download_dataset(self, info: DataSetInfo, target: Path) -> None: ...


class DataSetStatus(msgspec.Struct, frozen=True, kw_only=True):
    """``checked_at``: when the box last had all that the data centre offers it; None: never. ``groups``: those that the box
    may choose from, as told last; ``loaded_group``: the one that it had all sets of then.

    ``missing``: needed for a visit and not loaded. ``empty``: of the seven that the institution edits itself, those
    that are not loaded or have no row (B14).
    """

    checked_at: dt.datetime | None
    missing: tuple[str, ...]
    empty: tuple[str, ...]
    groups: tuple[str, ...] = ()
    loaded_group: str = ""


class _Offer(msgspec.Struct, frozen=True, kw_only=True):
    groups: tuple[str, ...] = ()
    loaded_group: str = ""


class DataSetRefresh:
    """``directory`` holds downloads until they are loaded; a broken download is resumed there. ``take_group`` keeps which
    group the box uses.
    """

    def __init__(
        self,
        data_centre: DataSetSource,
        catalogue: Catalogue,
        directory: Path,
        store: Store,
        clock: Clock,
        *,
        take_group: Callable[[str], Awaitable[None]],
    ) -> None:
        self._data_centre = data_centre
        self._catalogue = catalogue
        self._directory = directory
        self._store = store
        self._clock = clock
        self._take_group = take_group
        self._one_at_a_time = asyncio.Lock()

    async def status(self) -> Sequence[DataSetRecord]:
        return await self._catalogue.loaded()

    async def completeness(self) -> DataSetStatus:
        rows = {record.name: record.rows for record in await self._catalogue.loaded()}
        text = await self._store.read(lambda tx: tx.settings.get(_CHECKED_AT))
        offer = await self._store.read(_offer)
        return DataSetStatus(
            checked_at=None if text is None else dt.datetime.fromisoformat(json.loads(text)),
            missing=tuple(name for name in NEEDED if not rows.get(name)),
            empty=tuple(name for name in QPA_SETS if not rows.get(name)),
            groups=offer.groups,
            loaded_group=offer.loaded_group,
        )

    async def refresh(self) -> Sequence[DataSetRecord]:
        """Load every set of this box's group whose version or group differs from the loaded one.

        A set that cannot be fetched or is damaged leaves its old version in use and ends the refresh with
        the error of the data centre or FieldInvalid; sets loaded before it stay.
        """
        async with self._one_at_a_time:
            await self._load(await self._data_centre.datasets())
        return await self.status()

    async def choose(self, group: str, *, staff_id: str, phone_id: str) -> Sequence[DataSetRecord]:
        """Use the sets of ``group`` from now on, and load them (S02).

        The choice is the data centre's when this ends with an error of loading: the next refresh goes on with it. Raises
        what :meth:`refresh` does; Rejected, with nothing changed, for a group that is not on offer.
        """
        async with self._one_at_a_time:
            manifest = await self._data_centre.choose_dataset_group(group)
            entry = AuditEntry(
                at=self._clock.now(),
                who=staff_id or "phone",
                act="datasets.choose",
                phone_id=phone_id,
                why=group,
            )
            await self._store.write(lambda tx: tx.audit.append(entry))
            await self._load(manifest)
        return await self.status()

    async def _load(self, manifest: DataSetManifest) -> None:
        await self._take_group(manifest.group)
        await self._keep_offer(groups=manifest.groups)
        have = {record.name: (record.group, record.version) for record in await self._catalogue.loaded()}
        for info in manifest.datasets:
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
        await self._keep_offer(loaded_group=manifest.group)

    async def _keep_offer(self, **changes: str | tuple[str, ...]) -> None:
        def work(tx: Transaction) -> None:
            offer = msgspec.structs.replace(_offer(tx), **changes)
            tx.settings.set(_OFFER, msgspec.json.encode(offer).decode())

        await self._store.write(work)


def _offer(tx: Transaction) -> _Offer:
    text = tx.settings.get(_OFFER)
    return _Offer() if text is None else msgspec.json.decode(text, type=_Offer)
