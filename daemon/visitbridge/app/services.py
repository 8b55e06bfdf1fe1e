"""The rooms where the rules live, built and wired to each other."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from visitbridge import __version__
from visitbridge.adapters.datacentre.client import HttpDataCentre
from visitbridge.adapters.store import SqlCatalogue, SqlStore, open_catalogue, open_store
from visitbridge.adapters.system_clock import SystemClock
from visitbridge.app.options import Options
from visitbridge.config import Config, OutboxSection
from visitbridge.domain.ids import new_id
from visitbridge.domain.jobs import AgeLimits
from visitbridge.ports.cards import ReaderSource
from visitbridge.ports.clock import TimeTrust
from visitbridge.protocols.datacentre.device import DeviceStatus
from visitbridge.runtime.supervisor import Service
from visitbridge.services.binding import Binding
from visitbridge.services.cards import CardDesk
from visitbridge.services.datasets import DataSetRefresh
from visitbridge.services.link import LinkPolicy, LinkWatch
from visitbridge.services.live import LiveBoard
from visitbridge.services.outbox.conditions import Conditions
from visitbridge.services.outbox.engine import Outbox, OutboxSettings
from visitbridge.services.outbox.standard import standard_kinds
from visitbridge.services.outbox.steps import StepHook, no_hook
from visitbridge.services.pairing import PairingDesk
from visitbridge.services.relay import CardRelay
from visitbridge.services.staff import StaffDesk, StaffPolicy
from visitbridge.services.topics import ModeTopic, TimeTopic
from visitbridge.services.visits.desk import VisitDesk


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything the HTTP face calls. ``running`` start in this order, so that they stop in the reverse one:
    the outbox ends its card write while readers and link still work.
    """

    clock: SystemClock
    store: SqlStore
    board: LiveBoard
    catalogue: SqlCatalogue
    datasets: DataSetRefresh
    pairing: PairingDesk
    binding: Binding
    cards: CardDesk
    relay: CardRelay
    staff: StaffDesk
    outbox: Outbox
    visits: VisitDesk
    running: tuple[Service, ...]


@contextlib.asynccontextmanager
async def open_parts(
    config: Config,
    options: Options,
    clock: SystemClock,
    key: bytes,
    sources: Mapping[str, ReaderSource],
    *,
    hook: StepHook = no_hook,
) -> AsyncIterator[Parts]:
    """What is held open for the life of the process is opened here and closed in reverse order.

    ``hook`` sees every step of the outbox; it is for proofs and the lab.
    """
    state_dir = config.box.state_dir
    async with contextlib.AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(state_dir / "store.db", key, clock=clock))
        catalogue = await stack.enter_async_context(open_catalogue(state_dir / "datasets", clock=clock))
        data_centre = HttpDataCentre(
            store,
            monotonic=clock.monotonic,
            connect=config.datacentre.connect,
            answer_timeout_s=config.datacentre.answer_timeout_s,
        )
        stack.push_async_callback(data_centre.close)
        await data_centre.start()
        parts = _wire(config, options, clock, store, catalogue, data_centre, sources, hook)
        await parts.binding.load()
        await parts.pairing.load()
        yield parts


def _wire(
    config: Config,
    options: Options,
    clock: SystemClock,
    store: SqlStore,
    catalogue: SqlCatalogue,
    data_centre: HttpDataCentre,
    sources: Mapping[str, ReaderSource],
    hook: StepHook,
) -> Parts:
    def mint_id() -> str:
        return new_id(clock.now())

    board = LiveBoard()
    cards = CardDesk(board, realm=config.datacentre.realm)
    relay = CardRelay(cards, data_centre, clock)
    link = LinkWatch(data_centre, board, clock, policy=LinkPolicy())
    binding = Binding(
        store,
        data_centre,
        board,
        clock,
        new_id=mint_id,
        default_name=config.box.name,
        version=__version__,
    )
    staff = StaffDesk(
        store,
        cards,
        data_centre,
        board,
        clock,
        new_id=mint_id,
        policy=StaffPolicy(
            max_hours=config.policy.staff_max_hours, ends_at_midnight=config.policy.staff_ends_at_midnight
        ),
    )
    conditions = Conditions(
        link_is_up=link.is_up,
        sam_is_verified=binding.sam_is_verified,
        cards=cards,
        staff=staff,
        clock=clock,
    )
    kinds = standard_kinds(
        data_centre=data_centre,
        relay=relay,
        cards=cards,
        staff=staff,
        sam_id=binding.sam_id,
        holds=conditions.holds,
    )
    outbox = Outbox(
        store=store,
        clock=clock,
        data_centre=data_centre,
        kinds=kinds,
        holds=conditions.holds,
        is_genuine=data_centre.believes,
        board=board,
        settings=_outbox_settings(config.outbox),
        hook=hook,
    )
    visits = VisitDesk(
        store=store,
        clock=clock,
        catalogue=catalogue,
        box=binding,
        cards=cards,
        staff=staff,
        link_is_up=link.is_up,
        kinds=kinds,
        outbox=outbox.desk,
        board=board,
        make_up_write=config.policy.make_up_write,
    )

    async def take_status(status: DeviceStatus) -> None:
        if _trust_time(clock, data_centre, board):
            outbox.wake()
        await binding.take_status(status)
        await binding.verify_sam_if_due()

    link.when_answered(take_status)
    link.when_disabled(binding.disabled)
    for part in (link, cards, staff, binding):
        part.when_changed(outbox.wake)
    board.put("mode", _mode(config, options))
    board.put("time", TimeTopic(trust=clock.trust))
    return Parts(
        clock=clock,
        store=store,
        board=board,
        catalogue=catalogue,
        datasets=DataSetRefresh(data_centre, catalogue, _downloads(config.box.state_dir)),
        pairing=PairingDesk(store, clock, idle_s=config.policy.phone_idle_hours * 3600),
        binding=binding,
        cards=cards,
        relay=relay,
        staff=staff,
        outbox=outbox,
        visits=visits,
        running=(link, *(cards.watcher(name, source) for name, source in sources.items()), staff, outbox),
    )


def _outbox_settings(section: OutboxSection) -> OutboxSettings:
    limits = AgeLimits(amber_s=section.amber_s, red_s=section.red_s, overdue_s=section.overdue_s)
    return OutboxSettings(concurrency=section.concurrency, limits=limits)


def _mode(config: Config, options: Options) -> ModeTopic:
    """A box of the test realm sends nothing real, and says so on every page."""
    training = config.datacentre.realm == "test" and not options.allow_virtual
    return ModeTopic(virtual=options.allow_virtual, training=training)


def _trust_time(clock: SystemClock, data_centre: HttpDataCentre, board: LiveBoard) -> bool:
    """Take the data centre's own time, a trusted one (Y10). True when time was not trusted before."""
    contact = data_centre.contact
    if contact is None:
        return False
    before = clock.trust
    clock.correct_at(contact.time, contact.monotonic_s, TimeTrust.DATA_CENTRE)
    board.put("time", TimeTopic(trust=clock.trust))
    return before is TimeTrust.UNTRUSTED


def _downloads(state_dir: Path) -> Path:
    folder = state_dir / "downloads"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder
