"""The portal as a server: TLS, sockets, start and stop."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import signal
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
from aiohttp import web

from visitbridge.errors import ConfigError
from vpnportal.app import build_app
from vpnportal.ca import load_server_authority, write_server_leaf
from vpnportal.clock import PortalClock, machine_now
from vpnportal.database import Database, open_database
from vpnportal.faults import FaultBoard, fault_middleware
from vpnportal.fleet import DEFAULT_LIMITS, Limits
from vpnportal.folders import hold_folder, make_folders
from vpnportal.lab import Lab
from vpnportal.office.app import Office
from vpnportal.tickets import note_address, note_office

DEFAULT_PORT = 9443
PORTS_TO_TRY = 50
OWN_NAMES = ("127.0.0.1", "::1", "localhost", "vpnportal.test")
_STOP_BUDGET_S = 2.0


class ServeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """``port`` 0 lets the system choose; a taken one moves on to the next free. ``names``: further host names and
    addresses that the certificate is good for. ``database_url`` empty: SQLite in ``folder``. ``office_port``: of the office's
    pages, as ``port``; None serves none. ``security_contact``: a URI for the office's security.txt (RFC 9116).
    """

    folder: Path
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    names: tuple[str, ...] = ()
    database_url: str = ""
    lab: bool = False
    office_port: int | None = None
    security_contact: str = ""
    limits: Limits = DEFAULT_LIMITS


class Ready(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Printed as one JSON line when requests are taken. ``lab_url``: lab control, with ``--lab`` only; ``office_url``: pages of
    the office, with ``--office-port`` only.
    """

    event: str
    port: int
    url: str
    ca_pem_file: str
    lab_url: str = ""
    office_url: str = ""


class Served(msgspec.Struct, frozen=True):
    """A portal that takes requests: where, trusted by whose certificate, over which database."""

    ready: Ready
    ca_pem: str
    database: Database
    app: web.Application


@contextlib.asynccontextmanager
async def open_portal(options: ServeOptions, clock: PortalClock | None = None) -> AsyncIterator[Served]:
    """Serve until the block ends. Raises ConfigError when no port is free or a key cannot be read."""
    clock = clock or PortalClock()
    folders = make_folders(options.folder)
    with (
        hold_folder(folders),
        open_database(options.database_url or folders.database_url) as database,
    ):
        authority = load_server_authority(folders.keys, machine_now())
        board = FaultBoard()
        lab = Lab(folders, database, clock, board, authority.pem) if options.lab else None
        misbehave = fault_middleware(board, lab.act) if lab else None
        app = build_app(folders, database, clock, misbehave)
        leaf = write_server_leaf(folders.keys, authority, (*OWN_NAMES, *options.names), machine_now())
        tls = _tls_context(folders.keys, leaf)
        async with contextlib.AsyncExitStack() as stack:
            port = await _listen(stack, app, options.host, options.port, tls)
            # Stalled requests must not hold up the stop.
            stack.callback(board.clear)
            lab_port = await _listen(stack, lab.build_app(), "127.0.0.1", 0, None) if lab else None
            office_url = ""
            if options.office_port is not None:
                office = Office(database, clock, options.limits, contact=options.security_contact)
                pages = office.build_app()
                office_port = await _listen(
                    stack, pages, options.host, options.office_port, _pages_context(leaf)
                )
                office_url = f"https://{options.host}:{office_port}"
                note_office(options.folder, office_url)
            url = f"https://{options.host}:{port}"
            note_address(options.folder, url)
            ready = Ready(
                event="ready",
                port=port,
                url=url,
                ca_pem_file=str(folders.keys / "server-ca.pem"),
                lab_url=f"http://127.0.0.1:{lab_port}" if lab_port else "",
                office_url=office_url,
            )
            yield Served(ready, authority.pem, database, app)


async def serve(options: ServeOptions, announce: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; ``announce`` gets the ready line."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with open_portal(options) as served:
        announce(msgspec.json.encode(served.ready).decode())
        await stop.wait()


def _tls_context(keys: Path, leaf: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(leaf)
    context.load_verify_locations(keys / "device-ca.pem")
    # Binding comes without a certificate; every other call is refused without one by its guard.
    context.verify_mode = ssl.CERT_OPTIONAL
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


def _pages_context(leaf: Path) -> ssl.SSLContext:
    """For browsers: the same leaf, and no question for a certificate of theirs."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(leaf)
    return context


async def _listen(
    stack: contextlib.AsyncExitStack,
    app: web.Application,
    host: str,
    port: int,
    tls: ssl.SSLContext | None,
) -> int:
    """Serve ``app`` on the first free port from ``port`` on until the stack unwinds, and return the port."""
    runner = web.AppRunner(app, handle_signals=False, access_log=None, shutdown_timeout=_STOP_BUDGET_S)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    for candidate in range(port, min(port + PORTS_TO_TRY, 65536)):
        site = web.TCPSite(runner, host, candidate, ssl_context=tls)
        try:
            await site.start()
        except OSError as exc:
            if exc.errno != errno.EADDRINUSE:
                raise ConfigError(f"cannot listen on {host}: {exc.strerror}") from exc
            continue
        return int(runner.addresses[-1][1])
    raise ConfigError(f"no free port from {port} on")
