"""A private pcscd with virtual readers: real libpcsclite, real pcscd, real vpcd driver, no hardware.

It lives in a mount and a network namespace of its own (as root directly, else in a user namespace), for
three reasons: pcscd's socket path is compiled in, so a second one cannot run beside a system pcscd; vpcd
listens on all addresses without asking who comes; and a pcscd must not take the machine's real readers.
Clients outside reach it through the environment variable ``PCSCLITE_CSOCK_NAME``, which libpcsclite reads;
virtual cards get their sockets into the namespace handed out by :mod:`visitbridge.sim.pcscd_nest`.

vpcd's other mode, in which it connects to the card, would need no network namespace, but vpcd 3.3 aborts
as soon as such a connection closes, so a card could never be pulled.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from visitbridge.errors import PcscUnavailable
from visitbridge.runtime.lane import Lane
from visitbridge.sim import pcscd_nest
from visitbridge.sim.vpcd import VpcdSlot

DRIVER = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
PCSCD = Path("/usr/sbin/pcscd")
UNSHARE = Path("/usr/bin/unshare")
READER_NAME = "VisitBridge Virtual Reader"

# Inside the namespace no port is taken. Each driver serves two slots on neighbouring ports.
_FIRST_PORT = 35963
_SLOTS_PER_DRIVER = 2
# pcscd asks vpcd every 400 ms whether a card is there.
_SHORTEST_ABSENCE_S = 0.8
_REQUEST_S = 90.0
_STOP_S = 8.0


def missing_parts() -> tuple[str, ...]:
    """What this machine lacks for a private pcscd, as Debian package names; empty when it can be tried."""
    needs = {"pcscd": PCSCD, "vsmartcard-vpcd": DRIVER, "util-linux": UNSHARE}
    return tuple(package for package, path in needs.items() if not path.exists())


class PrivatePcscd:
    """``socket_path`` belongs into PCSCLITE_CSOCK_NAME of clients; cards go into ``slots``."""

    def __init__(self, control: socket.socket, lane: Lane, socket_path: Path, slots: int) -> None:
        self._control = control
        self._lane = lane
        self.socket_path = socket_path
        self.slots = tuple(self._slot(number) for number in range(slots))

    async def start(self) -> None:
        """Start pcscd anew; returns when it takes clients. Raises PcscUnavailable."""
        await self._ask("start")

    async def activate(self) -> None:
        """Let clients' calls start pcscd, which leaves after a minute without clients, as Debian's units do.

        Once it does so it goes on for the life of this namespace; :meth:`kill` ends only what runs. Raises
        PcscUnavailable.
        """
        await self._ask("activate")

    async def kill(self) -> None:
        """End pcscd as a crash would (SIGKILL)."""
        await self._ask("kill")

    @property
    def pid(self) -> int | None:
        """pcscd's process id, in here as out there; None while none runs."""
        try:
            return int((self.socket_path.parents[1] / "pcscd.pid").read_text())
        except FileNotFoundError:
            return None

    def read_log(self) -> str:
        """What pcscd has said so far, in all its lives."""
        return (self.socket_path.parents[1] / "pcscd.log").read_text(errors="replace")

    def _slot(self, number: int) -> VpcdSlot:
        port = _FIRST_PORT + number

        async def connect() -> socket.socket:
            connection = await self._lane.call(
                _request, self._control, f"connect {port}", deadline_s=_REQUEST_S
            )
            if connection is None:
                raise ConnectionRefusedError("no socket came back")
            return connection

        driver, slot = divmod(number, _SLOTS_PER_DRIVER)
        name = _reader_name(driver)
        return VpcdSlot(
            name if slot == 0 else f"{name} · {slot + 1}",
            f"pcsc-{name.lower().replace(' ', '-')}-1-{slot}",
            connect,
            shortest_absence_s=_SHORTEST_ABSENCE_S,
        )

    async def _ask(self, request: str) -> None:
        try:
            await self._lane.call(_request, self._control, request, deadline_s=_REQUEST_S)
        except OSError as exc:
            raise PcscUnavailable(f"private pcscd: {exc}") from exc


@contextlib.asynccontextmanager
async def open_pcscd(*, slots: int = 2, log_path: Path | None = None) -> AsyncIterator[PrivatePcscd]:
    """A running private pcscd with this many virtual slots; nothing of it is left behind afterwards.

    ``log_path``: where pcscd's log is kept when all is over. Raises PcscUnavailable when a part is missing
    or the kernel allows no namespaces here.
    """
    if missing := missing_parts():
        raise PcscUnavailable(f"not installed: {', '.join(missing)}")
    work = Path(tempfile.mkdtemp(prefix="vb-pcscd-"))
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with contextlib.ExitStack() as undo:
        undo.callback(shutil.rmtree, work, ignore_errors=True)
        undo.enter_context(ours)
        with theirs:
            command = await asyncio.to_thread(_prepare, work, slots)
            nest = await _start_nest(theirs, work, command + await _polkit_option())
        lane = Lane("pcscd-nest")
        pcscd = PrivatePcscd(ours, lane, work / "run" / "pcscd.comm", slots)
        try:
            ours.settimeout(_REQUEST_S)
            try:
                await lane.call(_receive, ours, deadline_s=_REQUEST_S)
            except OSError as exc:
                raise PcscUnavailable(f"no namespaces for a private pcscd: {exc}") from exc
            await pcscd.start()
            yield pcscd
        finally:
            for slot in pcscd.slots:
                await slot.pull()
            if log_path is not None:
                with contextlib.suppress(OSError):
                    await asyncio.to_thread(shutil.copyfile, work / "pcscd.log", log_path)
            await lane.close()
            ours.close()
            try:
                await asyncio.wait_for(nest.wait(), _STOP_S)
            except TimeoutError:
                nest.kill()
                await nest.wait()


def _prepare(work: Path, slots: int) -> list[str]:
    """Fill the work folder and return pcscd's command line."""
    for name in ("run", "empty", "conf"):
        (work / name).mkdir()
    entries = []
    for index in range((slots + _SLOTS_PER_DRIVER - 1) // _SLOTS_PER_DRIVER):
        # The driver keeps one table of slots for all readers that load it, so every reader loads its own copy.
        driver = work / f"vpcd-{index}.so"
        shutil.copyfile(DRIVER, driver)
        port = _FIRST_PORT + index * _SLOTS_PER_DRIVER
        entries.append(
            f'FRIENDLYNAME "{_reader_name(index)}"\n'
            f"DEVICENAME /dev/null:{port:#06x}\n"
            f"LIBPATH {driver}\n"
            f"CHANNELID {port:#06x}\n"
        )
    (work / "conf" / "readers").write_text("\n".join(entries))
    command = ["/usr/bin/setpriv", "--pdeathsig", "TERM", str(PCSCD), "--foreground", "--info"]
    return [*command, "--config", str(work / "conf")]


def _reader_name(driver: int) -> str:
    return READER_NAME if driver == 0 else f"{READER_NAME} {driver + 1}"


async def _polkit_option() -> list[str]:
    """Debian 13's pcscd asks polkit, which is not there in a namespace; Debian 12's knows no such option."""
    process = await asyncio.create_subprocess_exec(PCSCD, "--help", stdout=asyncio.subprocess.PIPE)
    usage, _ = await process.communicate()
    return ["--disable-polkit"] if b"--disable-polkit" in usage else []


async def _start_nest(theirs: socket.socket, work: Path, command: list[str]) -> asyncio.subprocess.Process:
    unshare = [str(UNSHARE), "--mount", "--net"]
    if os.geteuid() != 0:
        unshare += ["--user", "--map-root-user"]
    return await asyncio.create_subprocess_exec(
        *unshare,
        *(sys.executable, "-I", "-S", pcscd_nest.__file__, str(theirs.fileno()), str(work), *command),
        pass_fds=(theirs.fileno(),),
        stdin=asyncio.subprocess.DEVNULL,
        # Ctrl-C in the terminal goes to the lab, which stops things in order.
        start_new_session=True,
    )


def _request(control: socket.socket, request: str) -> socket.socket | None:
    control.send(request.encode())
    return _receive(control)


def _receive(control: socket.socket) -> socket.socket | None:
    message, fds, _, _ = socket.recv_fds(control, 1024, 1)
    received = [socket.socket(fileno=fd) for fd in fds]
    if message != b"ok":
        for connection in received:
            connection.close()
        raise OSError(message.decode(errors="replace") or "it ended")
    return received[0] if received else None
