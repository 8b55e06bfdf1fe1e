"""Phones that come into the training rooms: each is paired there like any other, and known again when it comes back."""

from __future__ import annotations

import msgspec

from visitbridge.domain.people import BoxRole
from visitbridge.sim.lab.client import PhoneClient, open_phone
from visitbridge.sim.lab.gateway import GatewayFacts
from visitbridge.sim.lab.phone import LAB_PHONE, is_known, new_pair_url


class Visitor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A phone of the real box: its id there, the name that it bears here too, and its role."""

    phone_id: str
    name: str
    role: BoxRole


class Admitted(msgspec.Struct, frozen=True, kw_only=True):
    """``session``: the secret by which the rooms' gateway knows the phone."""

    session: str


class Admissions:
    """``host`` is the lab's own phone, which lets others in."""

    def __init__(self, host: PhoneClient, facts: GatewayFacts) -> None:
        self._host = host
        self._facts = facts
        self._sessions: dict[str, str] = {}

    async def admit(self, visitor: Visitor) -> Admitted:
        """Pair the phone, or open the one that was paired before. Raises ApiRefused, DeviceError."""
        # Hours may have passed at once for the host as well.
        await is_known(self._host, LAB_PHONE)
        async with open_phone(self._facts) as phone:
            before = self._sessions.get(visitor.phone_id, "")
            if before:
                phone.resume(before)
            if not before or not await is_known(phone, visitor.name):
                await phone.pair(await new_pair_url(self._host, visitor.role), visitor.name)
            self._sessions[visitor.phone_id] = phone.session
            return Admitted(session=phone.session)
