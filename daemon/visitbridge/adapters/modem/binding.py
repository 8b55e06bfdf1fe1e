"""A serial port through pyserial; the only file that imports it.

The port's descriptor is watched by the event loop, so an idle modem costs nothing and no thread is needed. A
pseudo-terminal is opened exactly like a USB port.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import termios
from collections.abc import Callable
from pathlib import Path

import serial

from visitbridge.errors import DeviceError, ModemAbsent, ModemSilent, ModemTaken

_BAUD = 115_200
_WRITE_TIMEOUT_S = 0.2
_HELD = (errno.EAGAIN, errno.EBUSY)
"""What an exclusive lock, and a port that was made exclusive, answer to the next who opens it."""


class SerialStream:
    """Implements ``ports.modem.ByteStream``."""

    def __init__(self, path: Path) -> None:
        """Open exclusively. Raises ModemTaken when somebody else holds the port, ModemAbsent when there is none."""
        try:
            self._port = serial.Serial(
                str(path), baudrate=_BAUD, timeout=0, write_timeout=_WRITE_TIMEOUT_S, exclusive=True
            )
        except (serial.SerialException, OSError) as exc:
            if exc.errno in _HELD:
                raise ModemTaken(f"somebody else holds {path.name}") from exc
            raise ModemAbsent(f"cannot open {path.name}") from exc
        self._loop = asyncio.get_running_loop()
        self._on_data: Callable[[bytes], None] | None = None
        self._on_lost: Callable[[DeviceError], None] | None = None

    def start(self, on_data: Callable[[bytes], None], on_lost: Callable[[DeviceError], None]) -> None:
        self._on_data = on_data
        self._on_lost = on_lost
        self._loop.add_reader(self._port.fileno(), self._read)

    def write(self, data: bytes) -> None:
        try:
            self._port.write(data)
        except serial.SerialTimeoutException as exc:
            raise ModemSilent("the port takes no more bytes") from exc
        except (serial.SerialException, OSError) as exc:
            raise ModemAbsent("the port is gone") from exc

    def close(self) -> None:
        if self._port.is_open:
            self._loop.remove_reader(self._port.fileno())
            # The kernel would hold the close until a silent modem takes what was written.
            with contextlib.suppress(OSError, termios.error):
                self._port.reset_output_buffer()
            self._port.close()

    def _read(self) -> None:
        try:
            data = self._port.read(4096)
        except (serial.SerialException, OSError) as exc:
            error = ModemAbsent("the port is gone")
            error.__cause__ = exc
            self.close()
            if self._on_lost is not None:
                self._on_lost(error)
            return
        if data and self._on_data is not None:
            self._on_data(data)
