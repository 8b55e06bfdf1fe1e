"""The lab's readers: real pcscd where this machine can, sockets to the gateway where it cannot."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from visitbridge.errors import PcscUnavailable
from visitbridge.sim.pcscd import PrivatePcscd, open_pcscd
from visitbridge.sim.vpcd import Connect, VpcdSlot

SLOTS = 2


class Slots(msgspec.Struct, frozen=True, kw_only=True):
    """``by_reader`` has the gateway's reader ids. ``instead``: why there is no pcscd, empty when there is."""

    by_reader: dict[str, VpcdSlot]
    environment: dict[str, str] = {}
    socket_readers: tuple[str, ...] = ()
    pcscd: PrivatePcscd | None = None
    instead: str = ""


@contextlib.asynccontextmanager
async def open_slots(*, use_pcscd: bool, log_path: Path) -> AsyncIterator[Slots]:
    async with contextlib.AsyncExitStack() as stack:
        reason = "switched off"
        if use_pcscd:
            try:
                pcscd = await stack.enter_async_context(open_pcscd(slots=SLOTS, log_path=log_path))
            except PcscUnavailable as exc:
                reason = exc.detail
            else:
                yield Slots(
                    by_reader={slot.reader_id: slot for slot in pcscd.slots},
                    environment={"PCSCLITE_CSOCK_NAME": str(pcscd.socket_path)},
                    pcscd=pcscd,
                )
                return
        ports = free_ports(SLOTS)
        slots = {
            f"virtual-{number}": VpcdSlot(f"Virtual reader {number}", f"virtual-{number}", _connector(port))
            for number, port in enumerate(ports, 1)
        }
        try:
            yield Slots(
                by_reader=slots,
                socket_readers=tuple(f"127.0.0.1:{port}" for port in ports),
                instead=reason,
            )
        finally:
            for slot in slots.values():
                await slot.pull()


def free_ports(count: int) -> list[int]:
    """Ports of loopback that are free now."""
    with contextlib.ExitStack() as taken:
        servers = [taken.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [server.getsockname()[1] for server in servers]


def next_free_port(first: int) -> int:
    """``first`` or the next port of loopback that is free now; any free one near the end of the range."""
    for port in range(first, min(first + 100, 65536)):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    return free_ports(1)[0]


def _connector(port: int) -> Connect:
    async def connect() -> socket.socket:
        connection = socket.socket()
        try:
            connection.setblocking(False)
            await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port))
        except BaseException:
            connection.close()
            raise
        return connection

    return connect
