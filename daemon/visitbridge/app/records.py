"""The rooms around other people's records and the way out of the house, built and put on the route table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from visitbridge.api.resources.carry_in import FormerVisits
from visitbridge.api.resources.consents import Consents
from visitbridge.api.resources.departure import Departure
from visitbridge.api.resources.plans import Plans
from visitbridge.api.resources.records import Records
from visitbridge.api.routes import AnyRoute
from visitbridge.config import Config
from visitbridge.ports.catalogue import Catalogue
from visitbridge.ports.clock import Clock
from visitbridge.ports.cloud import CloudRecords
from visitbridge.ports.store import Store
from visitbridge.services.cards import CardDesk
from visitbridge.services.datasets import DataSetRefresh
from visitbridge.services.departure import DepartureCheck
from visitbridge.services.live import LiveBoard
from visitbridge.services.records.consents import ConsentDesk
from visitbridge.services.records.copies import RecordKeeper
from visitbridge.services.records.plans import PlanDesk
from visitbridge.services.records.reading import RecordReader
from visitbridge.services.staff import StaffDesk
from visitbridge.services.turns import ReaderTurns
from visitbridge.services.visits.carry_in import CarryIn, Drafts


class TrustedTime(Protocol):
    """The part of ``services.timekeeping.Timekeeping`` that tells when time can be trusted."""

    def when_trusted(self, listener: Callable[[], None]) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRooms:
    staff: StaffDesk
    plans: PlanDesk
    consents: ConsentDesk
    keeper: RecordKeeper
    reader: RecordReader
    departure: DepartureCheck
    carry_in: CarryIn


def build_record_rooms(
    config: Config,
    *,
    store: Store,
    clock: Clock,
    cloud: CloudRecords,
    catalogue: Catalogue,
    cards: CardDesk,
    staff: StaffDesk,
    drafts: Drafts,
    datasets: DataSetRefresh,
    board: LiveBoard,
    time: TrustedTime,
    new_id: Callable[[], str],
) -> RecordRooms:
    keeper = RecordKeeper(store, clock, cloud, keep_days=config.policy.records_keep_days)
    time.when_trusted(keeper.wake)
    plans = PlanDesk(store, clock, new_id=new_id)
    return RecordRooms(
        staff=staff,
        plans=plans,
        consents=ConsentDesk(store, clock, new_id=new_id, changed=keeper.wake),
        keeper=keeper,
        reader=RecordReader(
            store=store,
            clock=clock,
            keeper=keeper,
            plans=plans,
            cloud=cloud,
            drugs=catalogue,
            cards=cards,
            staff=staff,
        ),
        departure=DepartureCheck(board, clock, plans, staff, datasets),
        carry_in=CarryIn(store, clock, catalogue, drafts, staff),
    )


def record_routes(rooms: RecordRooms, turns: ReaderTurns) -> list[AnyRoute]:
    return [
        *Plans(rooms.plans).routes(),
        *Consents(rooms.consents, rooms.plans, rooms.staff).routes(),
        *Departure(rooms.departure).routes(),
        *FormerVisits(rooms.carry_in).routes(),
        *Records(rooms.keeper, rooms.reader, rooms.staff, turns).routes(),
    ]
