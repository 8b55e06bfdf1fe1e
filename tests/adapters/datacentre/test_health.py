"""A box's report over TLS into the portal's own database."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.contract.datacentre_benches import BOX, open_box_store
from tests.vpnportal.health_samples import WELL
from tests.vpnportal.portal import RunningPortal, open_running_portal
from visitbridge.adapters.datacentre.client import HttpDataCentre
from visitbridge.errors import NotBound
from visitbridge.protocols.datacentre.device import BindTicket
from vpnportal.devices import set_enabled


async def bound_to(portal: RunningPortal, data_centre: HttpDataCentre) -> None:
    ticket = portal.issue_ticket()
    found = BindTicket(url=portal.url, token=ticket.token, ca_pem=portal.ca_pem)
    await data_centre.bind(found, ticket.pin, BOX)


async def test_B09_what_a_box_tells_is_what_the_institution_reads(tmp_path: Path) -> None:
    """Also of a disabled one: its unsent work is what the institution wants to know."""
    async with open_running_portal(tmp_path / "portal") as portal, open_box_store(tmp_path) as store:
        data_centre = HttpDataCentre(store, monotonic=time.monotonic)
        try:
            with pytest.raises(NotBound):
                await data_centre.report_health(WELL)
            await bound_to(portal, data_centre)
            await data_centre.report_health(WELL)
            device_id = portal.device.device_id
            portal.database.transact(lambda c: set_enabled(c, device_id, enabled=False))
            await data_centre.report_health(WELL)
        finally:
            await data_centre.close()
        assert [report.health for report in portal.reports()] == [WELL]
        assert portal.device.last_contact_at == portal.clock.now()
