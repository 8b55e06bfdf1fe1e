"""The rooms where the rules live, built and wired to each other."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping

from visitbridge import __version__
from visitbridge.adapters.datacentre.client import HttpDataCentre
from visitbridge.adapters.logs.recent import RecentLogs, open_recent_logs
from visitbridge.adapters.phrases import WorkerJudge
from visitbridge.adapters.presence_file import PresenceFile
from visitbridge.adapters.store import SqlCatalogue, SqlStore, open_catalogue
from visitbridge.adapters.store.rescue import BackupShelf, open_or_rescue, rescue_is_known
from visitbridge.adapters.system_clock import SystemClock
from visitbridge.app import policies
from visitbridge.app.contact import build_contact
from visitbridge.app.health import watch_token
from visitbridge.app.network import Network, open_network
from visitbridge.app.options import Options
from visitbridge.app.outgoing import build_outgoing
from visitbridge.app.parts import Parts
from visitbridge.app.people import build_people
from visitbridge.app.places import downloads_folder
from visitbridge.app.readers import new_reader_desk
from visitbridge.app.records import build_record_rooms
from visitbridge.app.upkeep import build_upkeep
from visitbridge.config import Config
from visitbridge.domain.ids import new_id
from visitbridge.ports.cards import ReaderSource
from visitbridge.services.binding import Binding
from visitbridge.services.card_names import CardNameBook
from visitbridge.services.cards import CardDesk
from visitbridge.services.datasets import DataSetRefresh
from visitbridge.services.identifying import IdentifyBook
from visitbridge.services.link import LinkWatch
from visitbridge.services.link.history import LinkHistory
from visitbridge.services.live import LiveBoard
from visitbridge.services.locking import LockDesk, Ring
from visitbridge.services.outbox.steps import StepHook, no_hook
from visitbridge.services.relay import CardRelay
from visitbridge.services.retention import RetentionDesk
from visitbridge.services.safekeeping import Safekeeping
from visitbridge.services.site_steps import SiteBook
from visitbridge.services.tours import TourBook
from visitbridge.services.turns import ReaderTurns
from visitbridge.services.visits.desk import VisitDesk


@contextlib.asynccontextmanager
async def open_parts(
    config: Config,
    options: Options,
    clock: SystemClock,
    key: bytes,
    sources: Mapping[str, ReaderSource],
    *,
    ring: Ring,
    hook: StepHook = no_hook,
) -> AsyncIterator[Parts]:
    """What is held open for the life of the process is opened here and closed in reverse order.

    ``ring`` holds ``key``. ``hook`` sees every step of the outbox; it is for proofs and the lab.
    """
    state_dir = config.box.state_dir
    async with contextlib.AsyncExitStack() as stack:
        recent = stack.enter_context(open_recent_logs())
        shelf = BackupShelf(state_dir / "backups")
        store, rescue = await stack.enter_async_context(
            open_or_rescue(state_dir / "store.db", key, clock=clock, shelf=shelf)
        )
        catalogue = await stack.enter_async_context(open_catalogue(state_dir / "datasets", clock=clock))
        board = LiveBoard()
        network = await stack.enter_async_context(open_network(config, options, clock, store, board))
        data_centre = HttpDataCentre(
            store,
            monotonic=clock.monotonic,
            connect=config.datacentre.connect,
            way=network.way,
            activity=network.activity,
            answer_timeout_s=config.datacentre.answer_timeout_s,
        )
        stack.push_async_callback(data_centre.close)
        parts = _wire(
            config,
            options,
            network,
            board,
            clock,
            store,
            catalogue,
            data_centre,
            sources,
            ring,
            key,
            hook,
            recent,
        )
        if rescue is None:
            await parts.safekeeping.load()
        else:
            await parts.safekeeping.load(at=rescue.at, backup_at=rescue.backup_at)
            await asyncio.to_thread(rescue_is_known, state_dir / "store.db")
        if parts.reader_desk is not None:
            await parts.reader_desk.load()
        await parts.binding.load()
        await data_centre.start(bound_to=parts.binding.institution_code)
        await parts.decommission.load()
        await parts.phones.load()
        await parts.announcements.load()
        await parts.tours.load()
        await parts.identifying.load()
        yield parts


def _wire(
    config: Config,
    options: Options,
    network: Network,
    board: LiveBoard,
    clock: SystemClock,
    store: SqlStore,
    catalogue: SqlCatalogue,
    data_centre: HttpDataCentre,
    sources: Mapping[str, ReaderSource],
    ring: Ring,
    key: bytes,
    hook: StepHook,
    recent: RecentLogs,
) -> Parts:
    def mint_id() -> str:
        return new_id(clock.now())

    names = CardNameBook(store, clock)
    cards = CardDesk(board, clock, realm=config.datacentre.realm, names=names)
    reader_desk = new_reader_desk(sources, store, cards, board, clock)
    turns = ReaderTurns(cards, board, clock)
    relay = CardRelay(cards, data_centre, clock, activity=network.activity, turns=turns)
    link = LinkWatch(data_centre, board, clock, policy=policies.of_link(config.link), uplink=network.uplinks)
    binding = Binding(
        store,
        data_centre,
        board,
        clock,
        new_id=mint_id,
        default_name=config.box.name,
        version=__version__,
    )
    people = build_people(
        config,
        clock=clock,
        store=store,
        board=board,
        cards=cards,
        data_centre=data_centre,
        new_id=mint_id,
    )
    staff, phones = people.staff, people.phones
    outgoing = build_outgoing(
        config,
        clock=clock,
        store=store,
        board=board,
        data_centre=data_centre,
        link=link,
        binding=binding,
        cards=cards,
        staff=staff,
        relay=relay,
        hook=hook,
    )
    kinds, outbox = outgoing.kinds, outgoing.outbox
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
        position=network.position.for_visit,
        make_up_write=config.policy.make_up_write,
        start_after_sign_in=config.policy.start_after_sign_in,
        training=config.lab.training is not None,
    )

    shelf = BackupShelf(config.box.state_dir / "backups")
    history = LinkHistory(store, clock, link=lambda: link.state, depth=lambda: outbox.desk.summary().depth)
    safekeeping = Safekeeping(store, clock, board, take_backup=lambda: shelf.take(store))
    erasing = asyncio.Event()
    contact = build_contact(
        config,
        clock=clock,
        store=store,
        board=board,
        data_centre=data_centre,
        network=network,
        link=link,
        binding=binding,
        handoff=outgoing.handoff,
        erasing=erasing,
    )
    network.time.when_trusted(outbox.wake)
    network.time.when_trusted(staff.time_is_trusted)
    datasets = DataSetRefresh(
        data_centre,
        catalogue,
        downloads_folder(config.box.state_dir),
        store,
        clock,
        take_group=binding.take_group,
    )
    records = build_record_rooms(
        config,
        store=store,
        clock=clock,
        cloud=data_centre,
        catalogue=catalogue,
        cards=cards,
        staff=staff,
        drafts=visits.drafts,
        datasets=datasets,
        board=board,
        time=network.time,
        new_id=mint_id,
    )
    lock = LockDesk(store, clock, cards, ring, key, judge=WorkerJudge())
    site = SiteBook(store, clock)
    upkeep = build_upkeep(
        config,
        options,
        clock=clock,
        store=store,
        board=board,
        data_centre=data_centre,
        network=network,
        link=link,
        datasets=datasets,
        history=history,
        recent=recent,
        box=lambda: binding.record,
        starts_locked=lambda: lock.settings().starts_locked,
        site=site,
    )
    board.put("mode", policies.mode(config, options))
    return Parts(
        clock=clock,
        store=store,
        board=board,
        catalogue=catalogue,
        datasets=datasets,
        phones=phones,
        presence=people.presence,
        pairing=people.pairing,
        binding=binding,
        cards=cards,
        reader_desk=reader_desk,
        turns=turns,
        names=names,
        relay=relay,
        staff=staff,
        kinds=kinds,
        outbox=outbox,
        visits=visits,
        retention=RetentionDesk(store, clock),
        handoff=outgoing.handoff,
        safekeeping=safekeeping,
        history=history,
        survey=upkeep.survey,
        records=records,
        trust=contact.trust,
        network=network,
        decommission=contact.decommission,
        erasing=erasing,
        announcements=contact.announcements,
        tours=TourBook(store, board),
        identifying=IdentifyBook(store, board, phones.is_paired),
        site=site,
        lock=lock,
        support=upkeep.support,
        health=upkeep.health,
        switch_off=upkeep.switch_off,
        watch_token=watch_token(config, options.credentials_dir),
        running=(
            *network.attach(link),
            link,
            history,
            upkeep.power,
            *(cards.watcher(name, source) for name, source in sources.items()),
            *((reader_desk,) if reader_desk is not None else ()),
            staff,
            phones,
            PresenceFile(people.presence, config.box.runtime_dir),
            records.keeper,
            safekeeping,
            upkeep.reports,
            outbox,
        ),
    )
