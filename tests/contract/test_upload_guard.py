"""While an upload is under way, whoever would take the link down is told so (recovery, restarts)."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.contract.datacentre_benches import BOX, open_box_store
from tests.vpnportal.portal import open_running_portal
from visitbridge.adapters.datacentre.client import HttpDataCentre
from visitbridge.errors import ReplyLost
from visitbridge.protocols.datacentre.device import BindTicket
from visitbridge.protocols.datacentre.uploads import UploadKind
from visitbridge.services.activity import Activity
from visitbridge.sim.relay import Line, open_relay


async def test_an_upload_holds_the_link_until_it_is_known_how_it_ended(tmp_path: Path) -> None:
    activity = Activity()
    async with (
        open_running_portal(tmp_path / "portal") as portal,
        open_box_store(tmp_path) as store,
        open_relay("127.0.0.1", urlsplit(portal.url).port or 0) as relay,
    ):
        data_centre = HttpDataCentre(
            store,
            monotonic=time.monotonic,
            connect=f"127.0.0.1:{relay.port}",
            activity=activity,
            answer_timeout_s=8.0,
        )
        issued = portal.issue_ticket()
        ticket = BindTicket(url=portal.url, token=issued.token, ca_pem=portal.ca_pem)
        await data_centre.bind(ticket, issued.pin, BOX)
        await data_centre.device_status()
        assert activity.is_idle
        relay.set_line(Line.DEAF)

        sending = asyncio.ensure_future(data_centre.send(UploadKind.RECOGNITION, "key-1", b"{}"))
        done, _ = await asyncio.wait({sending}, timeout=0.3)
        assert not done
        assert activity.open() == ("upload",)

        with pytest.raises(ReplyLost):
            await sending
        assert activity.is_idle
        await data_centre.close()
