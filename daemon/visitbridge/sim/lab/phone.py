"""The lab's own phone: paired once, it hands out pairing links for people and scenarios."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from visitbridge.domain.people import BoxRole
from visitbridge.errors import ProofStale
from visitbridge.sim.lab.client import ApiRefused, PhoneClient, open_phone
from visitbridge.sim.lab.gateway import GatewayFacts
from visitbridge.sim.lab.places import Places

LAB_PHONE = "實驗室"
_NOT_PAIRED = (401, 403)


@contextlib.asynccontextmanager
async def open_lab_phone(places: Places, facts: GatewayFacts) -> AsyncIterator[PhoneClient]:
    """A paired phone; its session is kept in the lab's folder, so that starts don't add up in the list of phones."""
    async with open_phone(facts) as phone:
        if places.phone.exists():
            phone.resume(places.phone.read_text("ascii"))
        if not await is_known(phone, LAB_PHONE):
            await phone.pair(facts.pair_url, LAB_PHONE)
        places.phone.touch(mode=0o600)
        places.phone.write_text(phone.session, "ascii")
        yield phone


async def is_known(phone: PhoneClient, name: str) -> bool:
    """Whether the gateway still knows this phone, called ``name``; one whose session is over is opened again."""
    try:
        state = await phone.call("GET", "/api/state")
    except ApiRefused as refused:
        if refused.status not in _NOT_PAIRED:
            raise
        return False
    if state["phone"]["state"] != "open":
        await phone.open_again(name)
    return True


async def state_seen_by(phone: PhoneClient, name: str) -> dict[str, Any]:
    """The live state as an open phone sees it; one that has locked meanwhile is opened again."""
    state: dict[str, Any] = await phone.call("GET", "/api/state")
    if state["phone"]["state"] != "open":
        await phone.open_again(name)
        state = await phone.call("GET", "/api/state")
    return state


async def new_pair_url(phone: PhoneClient, role: BoxRole = BoxRole.OWNER) -> str:
    """A link that pairs one more phone, once, within ten minutes; as an owner, since whoever runs a lab may do all."""
    path = f"/api/pairing-links?role={role.value}"
    try:
        token = await phone.call("POST", path)
    except ApiRefused as refused:
        if refused.body["error"]["code"] != ProofStale.code:
            raise
        await phone.prove()
        token = await phone.call("POST", path)
    return str(token["url"])
