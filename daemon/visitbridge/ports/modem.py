"""A mobile modem: its serial port as bytes, and what services ask of it (hardware.md §4)."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from visitbridge.domain.modem import Bearer, BearerState, ModemIdentity, Registration, Signal, SimState
from visitbridge.domain.position import Fix
from visitbridge.errors import DeviceError


class ByteStream(Protocol):
    """An open serial port. ``on_data`` and ``on_lost`` are called on the event loop, the latter once."""

    def start(self, on_data: Callable[[bytes], None], on_lost: Callable[[DeviceError], None]) -> None: ...

    def write(self, data: bytes) -> None:
        """Raises ModemAbsent when the port is gone, ModemSilent when it takes nothing more."""
        ...

    def close(self) -> None: ...


class ModemNews(enum.StrEnum):
    """What a modem said by itself; ask for the details."""

    SIM = "sim"
    REGISTRATION = "registration"
    BEARER = "bearer"
    TIME = "time"
    RESTARTED = "restarted"
    LOST = "lost"


class ModemSession(Protocol):
    """A modem that answers. Every call raises ModemAbsent, ModemSilent, ModemRefused."""

    def when_told(self, listener: Callable[[ModemNews], None]) -> None: ...

    async def identity(self) -> ModemIdentity: ...

    async def sim(self) -> SimState: ...

    async def pin_tries(self) -> int | None:
        """Tries left for the SIM's PIN; None when the modem cannot tell."""
        ...

    async def enter_pin(self, pin: str) -> None:
        """Raises SimPinRefused. Never called twice with the same PIN."""
        ...

    async def registration(self) -> Registration: ...

    async def operator(self) -> str: ...

    async def signal(self) -> Signal: ...

    async def knows_bearer(self, bearer: Bearer) -> bool:
        """Whether its APN is stored; the modem has to attach anew for one that was not to count."""
        ...

    async def define_bearer(self, bearer: Bearer) -> None:
        """Store its APN."""
        ...

    async def authenticate(self, bearer: Bearer) -> None:
        """Store its account, or that there is none."""
        ...

    async def bearer(self, context: int) -> BearerState: ...

    async def activate(self, context: int) -> None: ...

    async def radio_on(self) -> None: ...

    async def reattach(self) -> None: ...

    async def cycle_radio(self) -> None:
        """Radio off for some seconds, then on."""
        ...

    async def reset(self) -> None:
        """Restart the modem. It leaves the bus and comes back 10 to 30 s later."""
        ...

    async def network_time(self) -> dt.datetime | None:
        """UTC as the network told it (NITZ); None until it has."""
        ...

    async def position(self) -> Fix | None:
        """The receiver's fix; None while it has none. Starts the receiver when it is off."""
        ...


class Modem(Protocol):
    """A modem that may be there or not."""

    def is_present(self) -> bool: ...

    def open_session(self) -> AbstractAsyncContextManager[ModemSession]:
        """Open the port and get the modem to answer. Raises ModemAbsent, ModemSilent."""
        ...

    async def force_reset(self) -> None:
        """Send the restart command without waiting for an answer: all that is left with a silent modem.

        Raises ModemAbsent.
        """
        ...
