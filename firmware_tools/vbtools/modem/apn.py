"""Whether an access point lets this SIM in: the way the gateway takes at its start, once, step by step."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from vbtools.modem.sim_state import wait_known_sim
from visitbridge.domain.modem import Bearer, BearerState, Registration, SimState
from visitbridge.errors import ModemRefused, Retry, SimPinRefused
from visitbridge.ports.modem import ModemSession

_LOOK_EVERY_S = 0.5


async def try_apn(
    session: ModemSession, bearer: Bearer, wait_s: float, note: Callable[[str], None]
) -> BearerState:
    """The connection as it stands once the carrier gave an address, at most ``wait_s`` for the network.

    ``note`` hears the name of each step that begins. Raises SimPinRefused for a SIM that is not open, ModemRefused for
    a network or an access point that does not let the modem in.
    """
    state = await wait_known_sim(session)
    if state is not SimState.READY:
        raise SimPinRefused(f"the SIM is not open: {state.value}")
    note("define")
    attach_anew = not await session.knows_bearer(bearer)
    if attach_anew:
        await session.define_bearer(bearer)
    await session.authenticate(bearer)
    await session.radio_on()
    note("register")
    await _wait_registered(session, wait_s)
    if attach_anew:
        note("attach")
        await session.reattach()
    note("activate")
    await session.activate(bearer.context)
    told = await session.bearer(bearer.context)
    if not told.active:
        raise ModemRefused("the connection is up without an address", retry=Retry.LATER)
    return told


async def _wait_registered(session: ModemSession, wait_s: float) -> None:
    until_s = time.monotonic() + wait_s
    while not (registration := await session.registration()).has_data:
        if registration is Registration.DENIED or time.monotonic() > until_s:
            raise ModemRefused(f"registration: {registration.name.lower()}", retry=Retry.LATER)
        await asyncio.sleep(_LOOK_EVERY_S)
