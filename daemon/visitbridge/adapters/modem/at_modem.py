"""A modem on a serial port."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Protocol

from visitbridge.adapters.modem.binding import SerialStream
from visitbridge.adapters.modem.channel import AtChannel
from visitbridge.adapters.modem.profiles import ModemProfile
from visitbridge.adapters.modem.session import RESET, AtSession
from visitbridge.errors import ModemAbsent
from visitbridge.ports.modem import ByteStream, ModemSession
from visitbridge.runtime.waiting import Waiter

_BLIND_S = 0.5
"""How long a command sent blindly gets to leave the port."""


class Ports(Protocol):
    """Where the modem's AT port is at this moment; None while it is not there."""

    def at_port(self) -> Path | None: ...


class AtModem:
    """Implements ``ports.modem.Modem``."""

    def __init__(
        self,
        ports: Ports,
        profile: ModemProfile,
        clock: Waiter,
        *,
        open_stream: Callable[[Path], ByteStream] = SerialStream,
    ) -> None:
        self._ports = ports
        self._profile = profile
        self._clock = clock
        self._open_stream = open_stream

    def is_present(self) -> bool:
        return self._ports.at_port() is not None

    @contextlib.asynccontextmanager
    async def open_session(self) -> AsyncIterator[ModemSession]:
        path = self._ports.at_port()
        if path is None:
            raise ModemAbsent("no modem on the bus")
        stream = self._open_stream(path)
        try:
            session = AtSession(AtChannel(stream, self._clock), self._profile, self._clock)
            await session.set_up()
            yield session
        finally:
            stream.close()

    async def force_reset(self) -> None:
        path = self._ports.at_port()
        if path is None:
            raise ModemAbsent("no modem on the bus")
        stream = self._open_stream(path)
        try:
            stream.write(b"\r" + RESET.encode("ascii") + b"\r")
            await self._clock.wait_until(self._clock.monotonic() + _BLIND_S)
        finally:
            stream.close()
