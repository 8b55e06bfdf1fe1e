"""Start, serve, stop: each step in order, the stop within a budget."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from visitbridge import RELEASED_AT, __version__
from visitbridge.adapters.keys import load_machine_key, open_ring
from visitbridge.adapters.private_files import make_private_folder
from visitbridge.adapters.status_file import StatusFile
from visitbridge.adapters.system_clock import SystemClock
from visitbridge.adapters.systemd import Notifier, Watchdog
from visitbridge.adapters.tls import BoxTls, CertificateRenewal, open_box_tls
from visitbridge.app.front import Front
from visitbridge.app.options import Options, Ready, require_allowed
from visitbridge.app.readers import open_readers
from visitbridge.app.services import Parts, open_parts
from visitbridge.config import Config
from visitbridge.domain.people import BoxRole
from visitbridge.errors import BoxLocked
from visitbridge.runtime.lane import overdue_lanes
from visitbridge.runtime.supervisor import Service, Supervisor
from visitbridge.words import load_catalogue

log = logging.getLogger(__name__)

STOP_BUDGET_S = 25.0
"""From the first signal to the last service; less than the unit's TimeoutStopSec."""


async def run_gateway(
    config: Config,
    options: Options,
    *,
    notifier: Notifier,
    stop: asyncio.Event,
    announce: Callable[[Callable[[], Ready]], None],
) -> None:
    """Serve until ``stop`` is set.

    ``announce`` is called once, when the first page can be fetched; what it is given tells where the box serves,
    with a fresh pairing link at each call.

    Raises ConfigError or StoreError when the box cannot start, the error of a critical service that failed, in a
    group, and TimeoutError when services do not stop in time.
    """
    require_allowed(config, options)
    make_private_folder(config.box.state_dir)
    make_private_folder(config.box.runtime_dir)
    clock = SystemClock(floor=RELEASED_AT)
    machine_key = load_machine_key(options.credentials_dir, config.store.credential, config.store.key_file)
    has_store = (config.box.state_dir / "store.db").exists()
    _, key = open_ring(config.box.state_dir, machine_key, has_store=has_store)
    if key is None:
        raise BoxLocked("a person has to open this box")
    tls = _open_tls(config, clock)
    async with (
        open_readers(config.readers, options, clock) as sources,
        open_parts(config, options, clock, key, sources) as parts,
    ):
        front = Front(config, parts, tls, load_catalogue(), listener=options.listeners.get("https"))
        status = StatusFile(parts.board, clock, config.box.runtime_dir, version=__version__)
        renewal = CertificateRenewal(tls, lambda: _open_tls(config, clock), clock, parts.board)
        services: list[Service] = [*parts.running, status, renewal, front.server]
        if options.watchdog_s is not None:
            services.append(_watchdog(parts, notifier, options.watchdog_s))

        def ready() -> None:
            notifier.ready(f"serving {front.url}")
            log.info("ready", extra={"fields": {"version": __version__, "port": front.server.port}})
            announce(lambda: _describe(front, parts, renewal.current))

        await _supervise(Supervisor(services, clock), ready, stop, notifier)


async def _supervise(
    supervisor: Supervisor, ready: Callable[[], None], stop: asyncio.Event, notifier: Notifier
) -> None:
    running = asyncio.create_task(supervisor.run(ready), name="supervisor")
    stopping = asyncio.create_task(stop.wait(), name="stop")
    try:
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        notifier.stopping()
        stopping.cancel()
        running.cancel()
        async with asyncio.timeout(STOP_BUDGET_S):
            await asyncio.wait({running, stopping})
    log.info("stopped")
    if not running.cancelled():
        running.result()


def _open_tls(config: Config, clock: SystemClock) -> BoxTls:
    http = config.http
    dropped_in = (http.tls_cert, http.tls_key) if http.tls_cert and http.tls_key else None
    now = max(clock.now(), RELEASED_AT)
    return open_box_tls(
        config.box.state_dir / "tls", http.hosts, now, name=config.box.name, dropped_in=dropped_in
    )


def _watchdog(parts: Parts, notifier: Notifier, interval_s: float) -> Watchdog:
    return Watchdog(
        notifier,
        parts.clock,
        interval_s=interval_s,
        is_well=lambda: not parts.store.statistics().is_late and not overdue_lanes(),
    )


def _describe(front: Front, parts: Parts, tls: BoxTls) -> Ready:
    return Ready(
        url=front.url,
        pair_url=front.pair_url(parts.pairing.mint_token(BoxRole.TECHNICIAN)),
        ca_file=tls.ca_file,
        fingerprint=tls.fingerprint,
    )
