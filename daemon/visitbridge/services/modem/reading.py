"""One look at the modem, in the order in which things have to be right."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from visitbridge.domain.modem import (
    Bearer,
    BearerState,
    ModemState,
    Registration,
    Signal,
    SimState,
)
from visitbridge.ports.modem import ModemSession

_SIM_STATES = {
    SimState.ABSENT: ModemState.SIM_ABSENT,
    SimState.PIN: ModemState.SIM_PIN,
    SimState.PUK: ModemState.SIM_PUK,
    SimState.LOCKED: ModemState.SIM_PUK,
    SimState.FAILED: ModemState.SIM_FAILED,
    SimState.BUSY: ModemState.SEARCHING,
}


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What one look found; later parts are None when an earlier one is not right yet."""

    sim: SimState
    registration: Registration | None = None
    signal: Signal = Signal()
    operator: str = ""
    bearer: BearerState | None = None
    host_ready: bool = False

    @property
    def state(self) -> ModemState:
        if self.sim is not SimState.READY:
            return _SIM_STATES[self.sim]
        if self.registration is Registration.DENIED:
            return ModemState.DENIED
        if self.registration is None or not self.registration.has_data:
            return ModemState.SEARCHING
        if self.bearer is None or not self.bearer.active or not self.host_ready:
            return ModemState.REGISTERED
        return ModemState.DATA_UP


async def read_modem(
    session: ModemSession, bearer: Bearer, host_has_address: Callable[[], bool], *, last: Reading | None
) -> Reading:
    """Ask the modem how far it is. Raises ModemAbsent, ModemSilent, ModemRefused.

    The network's name is asked for once per registration, because modems take seconds over it.
    """
    sim = await session.sim()
    if sim is not SimState.READY:
        return Reading(sim=sim)
    registration = await session.registration()
    signal = await session.signal()
    if not registration.has_data:
        return Reading(sim=sim, registration=registration, signal=signal)
    known = last is not None and last.registration is registration
    operator = last.operator if last is not None and known else await session.operator()
    return Reading(
        sim=sim,
        registration=registration,
        signal=signal,
        operator=operator,
        bearer=await session.bearer(bearer.context),
        host_ready=host_has_address(),
    )
