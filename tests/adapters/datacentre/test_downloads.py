"""Data sets on their way to the disk: what the disk refuses is not blamed on the line."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract.datacentre_benches import BOX, open_box_store
from tests.vpnportal.portal import open_running_portal
from visitbridge.adapters.datacentre.client import HttpDataCentre
from visitbridge.errors import StoreError, StoreFull
from visitbridge.protocols.datacentre.device import BindTicket
from visitbridge.protocols.datacentre.uploads import DataSetRow
from vpnportal.datasets import DataSetShelf


@pytest.fixture
async def data_centre(tmp_path: Path) -> AsyncIterator[HttpDataCentre]:
    """A bound box's way to a portal that offers one data set."""
    async with open_running_portal(tmp_path / "portal") as portal, open_box_store(tmp_path) as store:
        shelf = DataSetShelf(portal.database, portal.folder / "datasets")
        shelf.put("frequencies", (DataSetRow(code="QD", name_zh="每日一次"),), portal.clock.now())
        ticket = portal.issue_ticket()
        found = BindTicket(url=portal.url, token=ticket.token, ca_pem=portal.ca_pem)
        data_centre = HttpDataCentre(store, monotonic=time.monotonic)
        await data_centre.bind(found, ticket.pin, BOX)
        await data_centre.verify_sam()
        yield data_centre
        await data_centre.close()


async def test_a_full_disk_is_told_as_one(data_centre: HttpDataCentre, tmp_path: Path) -> None:
    (tmp_path / "set.part").symlink_to("/dev/full")
    (info,) = (await data_centre.datasets()).datasets
    with pytest.raises(StoreFull):
        await data_centre.download_dataset(info, tmp_path / "set.jsonl")


async def test_a_folder_that_is_gone_is_the_disks_trouble_too(
    data_centre: HttpDataCentre, tmp_path: Path
) -> None:
    (info,) = (await data_centre.datasets()).datasets
    with pytest.raises(StoreError):
        await data_centre.download_dataset(info, tmp_path / "gone" / "set.jsonl")
