"""The state of the SIM, waited for while a modem that was just switched on is still finding out."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from visitbridge.domain.modem import SimState
from visitbridge.errors import ModemRefused, Retry
from visitbridge.ports.modem import ModemSession

FOUND_WITHIN_S: Final = 20.0
_LOOK_EVERY_S = 0.5


async def wait_sim(session: ModemSession) -> SimState:
    """``BUSY`` only of a SIM that is no different after ``FOUND_WITHIN_S``."""
    until_s = time.monotonic() + FOUND_WITHIN_S
    while True:
        state = await session.sim()
        if state is not SimState.BUSY or time.monotonic() > until_s:
            return state
        await asyncio.sleep(_LOOK_EVERY_S)


async def wait_known_sim(session: ModemSession) -> SimState:
    """Raises ModemRefused, to be tried again later, where the modem does not find out."""
    state = await wait_sim(session)
    if state is SimState.BUSY:
        raise ModemRefused("the SIM is still busy", retry=Retry.LATER)
    return state
