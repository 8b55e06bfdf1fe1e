"""A box works for one institution: neither an answer nor a certificate of another one is taken (ASVS V8.4.1)."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from tests.vpnportal.portal import RunningPortal, open_running_portal
from visitbridge.adapters.datacentre.client import HttpDataCentre
from visitbridge.adapters.store import open_store
from visitbridge.domain.people import Institution
from visitbridge.errors import BoundElsewhere, NotBound
from visitbridge.ports.store import Store
from visitbridge.protocols.datacentre.common import BASE_PATH, HEADER_EPOCH, HEADER_TIME
from visitbridge.protocols.datacentre.device import BindAnswer, BindTicket, DeviceInfo, SamRecord
from visitbridge.sim.clock import FakeClock

OTHER = "3599999999"
BOX = DeviceInfo(
    sheet_id="0190d000-0000-7000-8000-000000000001",
    name="box",
    kind="visitbridge",
    os_version="test",
    software_version="0",
)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(tmp_path / "box.db", bytes(32), clock=FakeClock()) as opened:
        yield opened


@pytest.fixture
async def portal(tmp_path: Path) -> AsyncIterator[RunningPortal]:
    async with open_running_portal(tmp_path / "portal") as running:
        yield running


def ticket_of(portal: RunningPortal) -> tuple[BindTicket, str]:
    ticket = portal.issue_ticket()
    return BindTicket(url=portal.url, token=ticket.token, ca_pem=portal.ca_pem), ticket.pin


@pytest.fixture
async def obliging() -> AsyncIterator[str]:
    """Address of a data centre that gives every box a certificate, whatever the box says it belongs to."""
    given = BindAnswer(
        certificate_pem="",
        institution=Institution(code=OTHER, name="另一家"),
        sam=SamRecord(sam_id="000000000000", valid_from=dt.date(2026, 1, 1), valid_until=dt.date(2027, 1, 1)),
        dataset_group="default",
        receipt_key_hex="",
    )

    async def bind(request: web.Request) -> web.Response:
        headers = {HEADER_EPOCH: "e", HEADER_TIME: "2026-11-23T02:00:00Z"}
        return web.Response(
            status=201, body=msgspec.json.encode(given), content_type="application/json", headers=headers
        )

    app = web.Application()
    app.router.add_post(BASE_PATH + "/bind", bind)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_an_answer_of_another_institution_is_not_kept(
    store: Store, portal: RunningPortal, obliging: str
) -> None:
    client = HttpDataCentre(store, monotonic=time.monotonic)
    ticket, pin = ticket_of(portal)
    first = await client.bind(ticket, pin, BOX)

    with pytest.raises(BoundElsewhere):
        await client.bind(
            BindTicket(url=obliging, token="t", ca_pem=portal.ca_pem),
            "0219",
            BOX,
            bound_to=first.institution.code,
        )

    assert (await client.device_status()).enabled, "the binding that was there is still used"
    await client.close()
    again = HttpDataCentre(store, monotonic=time.monotonic)
    await again.start(bound_to=first.institution.code)
    assert (await again.device_status()).enabled
    await again.close()


async def test_a_certificate_of_another_institution_is_not_used_after_a_start(
    store: Store, portal: RunningPortal
) -> None:
    former = HttpDataCentre(store, monotonic=time.monotonic)
    await former.bind(*ticket_of(portal), BOX)
    await former.close()

    client = HttpDataCentre(store, monotonic=time.monotonic)
    await client.start(bound_to=OTHER)

    assert not client.is_bound
    with pytest.raises(BoundElsewhere):
        await client.device_status()
    with pytest.raises(BoundElsewhere):
        client.sign(b"x")
    answer = await client.bind(*ticket_of(portal), BOX)
    assert (client.is_bound, answer.institution.code) == (True, portal.device.institution.code)
    await client.close()


async def test_a_box_without_a_certificate_is_told_apart(store: Store) -> None:
    client = HttpDataCentre(store, monotonic=time.monotonic)
    await client.start(bound_to=OTHER)

    with pytest.raises(NotBound) as caught:
        await client.device_status()

    assert not isinstance(caught.value, BoundElsewhere)
