"""A virtual modem on a pseudo-terminal, with a link that follows it through its restarts.

What the daemon opens is the link; what it finds there behaves like a USB serial port: it goes away in the
middle of a sentence when the modem restarts, and comes back as another device.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
import tty
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from visitbridge.domain.modem import Registration
from visitbridge.sim.modem.faults import Cure, Fault, FaultKind, Faults
from visitbridge.sim.modem.machine import Machine
from visitbridge.sim.modem.radio import Radio
from visitbridge.sim.modem.setup import ModemSetup

_GIBBERISH = bytes.fromhex("fe8a00e61c0d0a4f9ef84b0d0a2b43d3800a")
"""What a wrong line speed makes of answers: here and there something that could be the start of one."""


class VirtualModem:
    """Open with :meth:`open`. ``commands`` is every command line received, oldest first.

    ``on_change`` runs after anything that may have changed :attr:`carries_traffic`.
    """

    def __init__(self, link: Path, setup: ModemSetup, *, on_change: Callable[[], None] | None = None) -> None:
        self.link = link
        self.commands: list[str] = []
        self.restarts = 0
        self.faults = Faults()
        self._radio = Radio(setup, self.faults)
        self._machine = Machine(self._radio, now=self._network_now)
        self._setup = setup
        self._on_change = on_change
        self._on_command: Callable[[str], None] | None = None
        self._master: int | None = None
        self._slave = -1
        self._received = b""
        self._timers: set[asyncio.TimerHandle] = set()
        self._registration = Registration.IDLE
        self._noise = b""
        self._storm: bytes = b""
        self._began_at = dt.datetime.now(dt.UTC)

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[VirtualModem]:
        self.plug_in()
        try:
            yield self
        finally:
            self.unplug()

    def when_asked(self, listener: Callable[[str], None]) -> None:
        """``listener`` gets every command line after it was answered."""
        self._on_command = listener

    @property
    def carries_traffic(self) -> bool:
        return self._master is not None and self._radio.carries_traffic

    def plug_in(self) -> None:
        """Appear on the bus: another device file, the same link."""
        # The far side stays open here as well: a terminal that nobody has open cannot be waited on.
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        path = os.ttyname(self._slave)
        os.set_blocking(self._master, False)
        fresh = self.link.with_name(self.link.name + ".new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(path)
        fresh.replace(self.link)
        asyncio.get_running_loop().add_reader(self._master, self._read)
        self._machine.power_up()
        self._radio.power_up()
        self._registration = Registration.IDLE
        self._find_network()

    def unplug(self) -> None:
        """Leave the bus, open or not."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        if self._master is not None:
            asyncio.get_running_loop().remove_reader(self._master)
            os.close(self._slave)
            os.close(self._master)
            self._master = None
        self.link.unlink(missing_ok=True)
        self._received = b""
        self._changed()

    def restart(self, cure: Cure = Cure.RESET) -> None:
        """Leave the bus and come back: what +CFUN=1,1 and a cut of the power do."""
        self.restarts += 1
        self.faults.apply(cure)
        self.unplug()
        self._later(self._setup.reboots_in_s, self.plug_in)

    def begin(self, kind: FaultKind, cure: Cure = Cure.NEVER) -> None:
        """Start to misbehave; the modem says what it would say by itself."""
        self.faults.begin(Fault(kind, cure))
        self._settle()

    def end(self, kind: FaultKind) -> None:
        self.faults.end(kind)
        self._settle()

    def remove_sim(self) -> None:
        self._radio.sim_present = False
        self.say(b"+CPIN: NOT INSERTED")
        self._radio.detach()
        self._settle()

    def insert_sim(self, *, tries: int | None = None) -> None:
        """``tries``: another SIM of the same contract, with as many tries for its PIN."""
        self._radio.sim_present = True
        if tries is not None:
            self._radio.tries = self._radio.most_tries = tries
        self._radio.unlocked = not self._setup.sim_pin
        self.say(b"+CPIN: READY" if self._radio.unlocked else b"+CPIN: SIM PIN")
        self._find_network()

    def drop_bearer(self) -> None:
        """The network ends the data connection."""
        self._radio.active.clear()
        self.say(b"+CGEV: NW PDN DEACT 1")
        self._changed()

    def say(self, line: bytes) -> None:
        """Send an unsolicited result code."""
        self.send(b"\r\n" + line + b"\r\n")

    def send(self, data: bytes) -> None:
        """Send any bytes at all. A modem that is off the bus says nothing."""
        if self._master is not None and FaultKind.SILENT not in self.faults:
            with contextlib.suppress(BlockingIOError):
                os.write(self._master, data)

    def add_noise(self, garbage: bytes = b"", *, storm: tuple[bytes, int] = (b"", 0)) -> None:
        """Put ``garbage`` before every answer from now on, and a message ``storm`` times over."""
        self._noise = garbage
        self._storm = (b"\r\n" + storm[0] + b"\r\n") * storm[1]

    def _network_now(self) -> dt.datetime | None:
        told = self._setup.network_time
        if told is None or not self._radio.registration.has_data:
            return None
        return told + (dt.datetime.now(dt.UTC) - self._began_at)

    def _read(self) -> None:
        if self._master is None:
            return
        self._received += os.read(self._master, 4096)
        while b"\r" in self._received and self._master is not None:
            raw, _, self._received = self._received.partition(b"\r")
            self._answer(raw.decode("ascii", "replace").strip())

    def _answer(self, line: str) -> None:
        if not line:
            return
        self.commands.append(line)
        self._obey(line)
        if self._on_command is not None:
            self._on_command(line)

    def _obey(self, line: str) -> None:
        for deaf in (FaultKind.SILENT, FaultKind.GARBLED):
            if deaf not in self.faults:
                continue
            if line == "AT+CFUN=1,1" and self.faults.cured_by(deaf, Cure.RESET):
                self._later(0.01, self.restart)
            self.send(_GIBBERISH)
            return
        was_functional = self._radio.functional
        answer = self._machine.execute(line)
        self.send(self._storm + self._noise + answer)
        if self._machine.reset_asked:
            self._machine.reset_asked = False
            self._later(0.01, self.restart)
        if self._radio.functional and not was_functional:
            self._find_network()
        self._settle()

    def _find_network(self) -> None:
        if self._radio.functional and not self._radio.in_coverage:
            self._later(self._setup.registers_after_s, self._found_network)

    def _found_network(self) -> None:
        self._radio.in_coverage = self._radio.functional
        self._settle()

    def _settle(self) -> None:
        """Say what changed, as far as the modem was asked to."""
        registration = self._radio.registration
        if registration is not self._registration:
            self._registration = registration
            if not registration.has_data:
                self._radio.detach()
            self.send(self._machine.registration_messages())
            if registration.has_data and self._setup.network_time is not None:
                self.say(b'+CTZV: +32,"26/11/22,01:00:00"')
        self._changed()

    def _changed(self) -> None:
        if self._on_change is not None:
            self._on_change()

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        def run() -> None:
            self._timers.discard(timer)
            action()

        timer = asyncio.get_running_loop().call_later(seconds, run)
        self._timers.add(timer)
