"""A box goes from one institution to another only by being erased (ASVS V8.4.1), over real TLS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.app.box import RunningBox, config_for, running_box
from tests.vpnportal.portal import RunningPortal, open_running_portal
from visitbridge.adapters.erasure import Erasure
from visitbridge.domain.people import Institution
from visitbridge.protocols.datacentre.device import BindTicket, encode_ticket

OTHER = Institution(code="3599999999", name="另一家居家護理所")


async def bind(box: RunningBox, portal: RunningPortal, device_id: str = "") -> tuple[int, Any]:
    ticket = portal.issue_ticket(device_id)
    text = encode_ticket(BindTicket(url=portal.url, token=ticket.token, ca_pem=portal.ca_pem))
    return await box.ask(
        "POST", "/api/box/binding", json={"ticket": text, "pin": ticket.pin, "name": "測試盒"}
    )


async def test_another_institution_gets_the_box_only_after_it_was_erased(tmp_path: Path) -> None:
    config = config_for(tmp_path)
    async with open_running_portal(tmp_path / "portal") as portal:
        other = portal.add_device("別家的盒子", OTHER)
        async with running_box(config) as box:
            await box.pair()
            first, _ = await bind(box, portal)
            status, refused = await bind(box, portal, other.device_id)
            _, topic = await box.ask("GET", "/api/box")
            reset, _ = await box.ask("POST", "/api/box/reset", json={"name": "測試盒"})
            await box.wait_next()
        Erasure(config.box.state_dir, config.box.runtime_dir, config.store.key_file).begin_again()
        async with running_box(config) as anew:
            await anew.pair()
            second, bound = await bind(anew, portal, other.device_id)

    assert (first, reset, second) == (200, 204, 200)
    assert (status, refused["error"]["code"]) == (409, "GW-DC-11")
    assert topic["institution"]["code"] == portal.device.institution.code
    assert bound["institution"]["code"] == OTHER.code
