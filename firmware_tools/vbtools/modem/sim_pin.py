"""The SIM's PIN at a terminal: never the last try, never twice, never kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from vbtools.modem.sim_state import wait_known_sim
from visitbridge.domain.modem import SimState
from visitbridge.errors import FieldInvalid, SimPinRefused
from visitbridge.ports.modem import ModemSession

LEAST_TRIES: Final = 2
"""A wrong last try locks the SIM; that one is for whoever has the PUK at hand, in a telephone."""


async def unlock(session: ModemSession, ask: Callable[[], bytes]) -> bool:
    """Enter the PIN that ``ask`` gets from a person; False when the SIM asks for none.

    ``ask`` is called only when an error would cost nothing. Raises SimPinRefused when too few tries are left, when
    nobody can tell how many, when it is no PIN that the SIM wants, or when the SIM refuses it; ModemRefused while nobody knows what it
    wants; FieldInvalid (``pin``) for what is no PIN.
    """
    state = await wait_known_sim(session)
    if state is SimState.READY:
        return False
    if state is not SimState.PIN:
        raise SimPinRefused(f"no PIN helps this SIM: {state.value}")
    tries = await session.pin_tries()
    if tries is None:
        raise SimPinRefused("the modem cannot tell how many tries are left, so none is used")
    if tries < LEAST_TRIES:
        raise SimPinRefused(f"{tries} tries left: the last one is not used")
    pin = ask().decode("ascii", "replace")
    if not (4 <= len(pin) <= 8 and pin.isascii() and pin.isdigit()):
        raise FieldInvalid("a PIN has 4 to 8 digits", field="pin")
    await session.enter_pin(pin)
    return True
