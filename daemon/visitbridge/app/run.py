"""Start, serve, stop: each step in order, the stop within a budget."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from visitbridge import RELEASED_AT, __version__
from visitbridge.adapters.console import ConsoleSocket
from visitbridge.adapters.erasure import ErasedNote, Erasure
from visitbridge.adapters.keys import KeyRing, load_machine_key, open_ring
from visitbridge.adapters.lapse_clock import LapseClock
from visitbridge.adapters.private_files import make_private_folder
from visitbridge.adapters.status_file import StatusFile
from visitbridge.adapters.store import SqlStore
from visitbridge.adapters.system_clock import SystemClock
from visitbridge.adapters.systemd import Notifier, StatusLine, Watchdog
from visitbridge.adapters.tls import BoxTls, CertificateRenewal, open_box_tls, topic_of
from visitbridge.api.neighbours import Neighbours
from visitbridge.api.plain import PlainServer
from visitbridge.app.closed import ClosedFront, erased_front, locked_front
from visitbridge.app.console import commands
from visitbridge.app.front import Front
from visitbridge.app.options import Options, Ready, require_allowed
from visitbridge.app.parts import Parts
from visitbridge.app.readers import open_readers
from visitbridge.app.services import open_parts
from visitbridge.app.training import training_house
from visitbridge.config import Config
from visitbridge.domain.people import BoxRole
from visitbridge.errors import BoxErased, BoxLocked, VisitBridgeError
from visitbridge.runtime.lane import overdue_lanes
from visitbridge.runtime.supervisor import Service, Supervisor
from visitbridge.services.cards import CardDesk
from visitbridge.services.environment import EnvironmentReport
from visitbridge.services.live import LiveBoard
from visitbridge.services.locking import Opened, UnlockDesk
from visitbridge.services.topics import CertificateTopic
from visitbridge.words import LANGUAGES, load_catalogue

log = logging.getLogger(__name__)

STOP_BUDGET_S = 25.0
"""From the first signal to the last service; less than the unit's TimeoutStopSec."""

_WHY_CLOSED: Mapping[str, type[VisitBridgeError]] = {"locked": BoxLocked, "erased": BoxErased}


async def run_gateway(
    config: Config,
    options: Options,
    *,
    notifier: Notifier,
    stop: asyncio.Event,
    announce: Callable[[Callable[[], Ready]], None],
    reload: asyncio.Event | None = None,
) -> None:
    """Serve until ``stop`` is set; look at the certificate files again whenever ``reload`` is.

    ``announce`` is called when the first page can be fetched, and again after a locked box was opened or an open one
    erased; what it is given tells where the box serves, with a fresh pairing link at each call while it is open.

    Raises ConfigError or StoreError when the box cannot start, the error of a critical service that failed, in a
    group, and TimeoutError when services do not stop in time.
    """
    require_allowed(config, options)
    make_private_folder(config.box.state_dir)
    make_private_folder(config.box.runtime_dir)
    clock = (LapseClock if config.lab.training else SystemClock)(floor=RELEASED_AT)
    life = _Life(config, options, clock, notifier, stop, announce, reload)
    erasure = Erasure(config.box.state_dir, config.box.runtime_dir, config.store.key_file)
    while not stop.is_set():
        note = await asyncio.to_thread(erasure.finish)
        if note is not None:
            await life.be_erased(note)
            return
        ring, key = _open_ring(config, options)
        opened = await life.wait_opened(ring) if key is None else None
        key = opened.key if opened is not None else key
        if key is None:
            return
        if not await life.work(ring, key, opened):
            return


class _Life:
    """One process, and the states that the box passes through in it."""

    def __init__(
        self,
        config: Config,
        options: Options,
        clock: SystemClock,
        notifier: Notifier,
        stop: asyncio.Event,
        announce: Callable[[Callable[[], Ready]], None],
        reload: asyncio.Event | None,
    ) -> None:
        self._config = config
        self._options = options
        self._clock = clock
        self._notifier = notifier
        self._stop = stop
        self._announce = announce
        self._reload = reload
        self._words = load_catalogue()
        self._texts = self._words.texts(LANGUAGES[0])
        notifier.status(self._texts["service.starting"])

    async def work(self, ring: KeyRing, key: bytes, opened: Opened | None) -> bool:
        """Serve visit teams; True when it ended because the box is to be erased."""
        config, options, clock = self._config, self._options, self._clock
        tls = _open_tls(config, clock)
        async with (
            open_readers(config.readers, options, clock) as sources,
            open_parts(config, options, clock, key, sources, ring=ring) as parts,
        ):
            if opened is not None:
                await parts.lock.note_opened(opened)
            neighbours = Neighbours(clock)
            rooms = training_house(config, clock)
            front = Front(
                config,
                parts,
                tls,
                self._words,
                listener=self._listener(),
                rooms=rooms,
                on_phone=neighbours.note,
            )
            status = StatusFile(parts.board, clock, config.box.runtime_dir, version=__version__)
            renewal = CertificateRenewal(
                tls, lambda: _open_tls(config, clock), clock, parts.board, told=self._reload
            )
            console = ConsoleSocket(config.box.runtime_dir, commands(config, parts, renewal))
            line = StatusLine(self._notifier, parts.board, clock, self._texts, url=lambda: front.url)
            services: list[Service] = [*parts.running, status, line, renewal, console, front.server]
            services += [rooms] if rooms is not None else []
            services += self._plain(front, lambda: renewal.topic, parts.survey.run, neighbours)
            if options.watchdog_s is not None:
                services.append(_watchdog(clock, self._notifier, options.watchdog_s, parts.store))

            def ready() -> None:
                self._notifier.ready(line.line())
                log.info("ready", extra={"fields": {"version": __version__, "port": front.server.port}})
                self._announce(lambda: _describe(front, parts, renewal.current))

            await self._serve(services, ready, parts.erasing)
            return parts.erasing.is_set()

    async def wait_opened(self, ring: KeyRing) -> Opened | None:
        """Serve the page that opens the box, and readers for cards that may; None when the process is to stop first."""
        log.info("the box is locked; it waits for a person")
        board = LiveBoard()
        cards = CardDesk(board, self._clock, realm=self._config.datacentre.realm)
        desk = UnlockDesk(cards, ring)
        tls = _open_tls(self._config, self._clock)
        front = locked_front(self._config, self._clock, tls, self._words, desk, self._listener())
        done = asyncio.Event()
        desk.opened.add_done_callback(lambda _: done.set())
        async with open_readers(self._config.readers, self._options, self._clock) as sources:
            watchers = [cards.watcher(name, source) for name, source in sources.items()]
            await self._serve_closed(front, tls, "locked", watchers, done)
        return desk.opened.result() if desk.opened.done() else None

    async def be_erased(self, note: ErasedNote) -> None:
        """Say what became of this box until the process is to stop."""
        tls = _open_tls(self._config, self._clock)
        front = erased_front(self._config, self._clock, tls, self._words, note, self._listener())
        await self._serve_closed(front, tls, "erased", [], asyncio.Event())

    async def _serve_closed(
        self, front: ClosedFront, tls: BoxTls, state: str, services: Iterable[Service], done: asyncio.Event
    ) -> None:
        plain = self._plain(front, lambda: topic_of(tls), None, Neighbours(self._clock))
        # Whoever asks at the shell is told what is the matter, and not that nothing runs.
        console = ConsoleSocket(
            self._config.box.runtime_dir, {}, absent=lambda: _WHY_CLOSED[state](f"the box is {state}")
        )
        together: list[Service] = [*services, console, front.server, *plain]
        if self._options.watchdog_s is not None:
            together.append(_watchdog(self._clock, self._notifier, self._options.watchdog_s, None))

        def ready() -> None:
            words = (self._texts[f"service.{state}"], front.url)
            self._notifier.ready(self._texts["service.between"].join(words))
            self._announce(
                lambda: Ready(url=front.url, pair_url="", ca_file=tls.ca_file, fingerprint=tls.fingerprint)
            )

        await self._serve(together, ready, done)

    async def _serve(
        self, services: Sequence[Service], ready: Callable[[], None], done: asyncio.Event
    ) -> None:
        """Run the services until the process is to stop or ``done`` is set, after which it goes on in another state."""
        running = asyncio.create_task(Supervisor(services, self._clock).run(ready), name="supervisor")
        ends = [asyncio.create_task(event.wait(), name="end") for event in (self._stop, done)]
        try:
            await asyncio.wait({running, *ends}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not done.is_set():
                self._notifier.stopping(self._texts["service.stopping"])
            for task in (running, *ends):
                task.cancel()
            async with asyncio.timeout(STOP_BUDGET_S):
                await asyncio.wait({running, *ends})
        log.info("stopped")
        if not running.cancelled():
            running.result()

    def _plain(
        self,
        front: Front | ClosedFront,
        certificate: Callable[[], CertificateTopic],
        survey: Callable[[], Awaitable[EnvironmentReport]] | None,
        neighbours: Neighbours,
    ) -> list[Service]:
        """The server of the pages in plain HTTP, unless the configuration has none."""
        http = self._config.http
        if not http.plain_port:
            return []
        return [
            PlainServer(
                self._words,
                self._clock,
                url=lambda: front.url,
                https_port=lambda: front.server.port,
                certificate=certificate,
                survey=survey,
                neighbours=neighbours if http.answer_probes else None,
                bind=http.bind,
                port=http.plain_port,
                hosts=http.hosts,
                listener=self._listener("http"),
            )
        ]

    def _listener(self, name: str = "https") -> socket.socket | None:
        """A copy: each server closes the one it was given, and a later one may need it again."""
        listener = self._options.listeners.get(name)
        return None if listener is None else listener.dup()


def _open_ring(config: Config, options: Options) -> tuple[KeyRing, bytes | None]:
    machine_key = load_machine_key(options.credentials_dir, config.store.credential, config.store.key_file)
    has_store = (config.box.state_dir / "store.db").exists()
    return open_ring(config.box.state_dir, machine_key, has_store=has_store)


def _open_tls(config: Config, clock: SystemClock) -> BoxTls:
    http = config.http
    dropped_in = (http.tls_cert, http.tls_key) if http.tls_cert and http.tls_key else None
    now = max(clock.now(), RELEASED_AT)
    return open_box_tls(
        config.box.state_dir / "tls", http.hosts, now, name=config.box.name, dropped_in=dropped_in
    )


def _watchdog(clock: SystemClock, notifier: Notifier, interval_s: float, store: SqlStore | None) -> Watchdog:
    return Watchdog(
        notifier,
        clock,
        interval_s=interval_s,
        is_well=lambda: not (store is not None and store.statistics().is_late) and not overdue_lanes(),
    )


def _describe(front: Front, parts: Parts, tls: BoxTls) -> Ready:
    return Ready(
        url=front.url,
        pair_url=front.pair_url(parts.pairing.mint_token(BoxRole.TECHNICIAN)),
        ca_file=tls.ca_file,
        fingerprint=tls.fingerprint,
    )
