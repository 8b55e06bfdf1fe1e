"""The portal as a server: TLS, sockets, start and stop."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import signal
import ssl
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path

import msgspec
from aiohttp import web

from visitbridge.errors import ConfigError
from vpnportal.app import build_app
from vpnportal.ca import load_device_authority, load_server_authority, write_server_leaf
from vpnportal.clock import PortalClock, machine_now
from vpnportal.database import Database, open_database
from vpnportal.folders import hold_folder, make_folders
from vpnportal.tickets import note_address

DEFAULT_PORT = 9443
PORTS_TO_TRY = 50
OWN_NAMES = ("127.0.0.1", "::1", "localhost", "vpnportal.test")
_STOP_BUDGET_S = 2.0


class ServeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """``port`` 0 lets the system choose; a taken one moves on to the next free. ``names``: further host names and
    addresses that the certificate is good for. ``database_url`` empty: SQLite in ``folder``.
    """

    folder: Path
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    names: tuple[str, ...] = ()
    database_url: str = ""
    lab: bool = False


class Ready(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Printed as one JSON line when requests are taken."""

    event: str
    port: int
    url: str
    ca_pem_file: str


class Served(msgspec.Struct, frozen=True):
    """A portal that takes requests: where, trusted by whose certificate, over which database."""

    ready: Ready
    ca_pem: str
    database: Database


@contextlib.asynccontextmanager
async def open_portal(options: ServeOptions, clock: PortalClock | None = None) -> AsyncIterator[Served]:
    """Serve until the block ends. Raises ConfigError when no port is free or a key cannot be read."""
    clock = clock or PortalClock()
    folders = make_folders(options.folder)
    keys = folders.keys
    with hold_folder(folders), open_database(options.database_url or folders.database_url) as database:
        runner = web.AppRunner(
            build_app(folders, database, clock),
            handle_signals=False,
            access_log=None,
            shutdown_timeout=_STOP_BUDGET_S,
        )
        await runner.setup()
        try:
            tls = _tls_context(keys, (*OWN_NAMES, *options.names))
            port = await _listen(runner, options.host, options.port, tls)
            url = f"https://{options.host}:{port}"
            note_address(options.folder, url)
            ready = Ready(event="ready", port=port, url=url, ca_pem_file=str(keys / "server-ca.pem"))
            yield Served(ready, load_server_authority(keys, machine_now()).pem, database)
        finally:
            await runner.cleanup()


async def serve(options: ServeOptions, announce: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; ``announce`` gets the ready line."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with open_portal(options) as served:
        announce(msgspec.json.encode(served.ready).decode())
        await stop.wait()


def _tls_context(keys: Path, hosts: Iterable[str]) -> ssl.SSLContext:
    now = machine_now()
    leaf = write_server_leaf(keys, load_server_authority(keys, now), hosts, now)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(leaf)
    load_device_authority(keys, now)
    context.load_verify_locations(keys / "device-ca.pem")
    # Binding comes without a certificate; every other call is refused without one by its guard.
    context.verify_mode = ssl.CERT_OPTIONAL
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


async def _listen(runner: web.AppRunner, host: str, port: int, tls: ssl.SSLContext | None) -> int:
    """Listen on the first free port from ``port`` on and return it."""
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
