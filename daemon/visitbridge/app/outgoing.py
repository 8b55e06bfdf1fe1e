"""What leaves the box: jobs of every kind, the outbox that runs them, and handing them to another box."""

from __future__ import annotations

from dataclasses import dataclass

from visitbridge.adapters.datacentre.client import HttpDataCentre
from visitbridge.adapters.store import SqlStore
from visitbridge.adapters.system_clock import SystemClock
from visitbridge.app import policies
from visitbridge.config import Config
from visitbridge.services.binding import Binding
from visitbridge.services.cards import CardDesk
from visitbridge.services.link import LinkWatch
from visitbridge.services.live import LiveBoard
from visitbridge.services.outbox.conditions import Conditions
from visitbridge.services.outbox.engine import Outbox
from visitbridge.services.outbox.handoff import HandoffDesk
from visitbridge.services.outbox.kinds import Kinds
from visitbridge.services.outbox.standard import standard_kinds
from visitbridge.services.outbox.steps import StepHook
from visitbridge.services.relay import CardRelay
from visitbridge.services.staff import StaffDesk


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """``outbox`` is a service to run."""

    kinds: Kinds
    outbox: Outbox
    handoff: HandoffDesk


def build_outgoing(
    config: Config,
    *,
    clock: SystemClock,
    store: SqlStore,
    board: LiveBoard,
    data_centre: HttpDataCentre,
    link: LinkWatch,
    binding: Binding,
    cards: CardDesk,
    staff: StaffDesk,
    relay: CardRelay,
    hook: StepHook,
) -> Outgoing:
    """The outbox looks again whenever something changes that a job may wait for."""
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
        ic_format=config.datacentre.ic_format,
    )
    outbox = Outbox(
        store=store,
        clock=clock,
        data_centre=data_centre,
        kinds=kinds,
        holds=conditions.holds,
        is_genuine=data_centre.believes,
        board=board,
        settings=policies.of_outbox(config.outbox),
        hook=hook,
    )
    handoff = HandoffDesk(
        store=store,
        clock=clock,
        kinds=kinds,
        desk=outbox.desk,
        data_centre=data_centre,
        box=lambda: binding.record,
        is_genuine=data_centre.believes,
        sign=data_centre.sign,
    )
    for part in (link, cards, staff, binding):
        part.when_changed(outbox.wake)
    return Outgoing(kinds=kinds, outbox=outbox, handoff=handoff)
