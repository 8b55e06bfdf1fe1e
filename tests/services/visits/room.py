"""A visit desk over the real encrypted store, with an outbox that is not running: rows are looked at, not sent."""

from __future__ import annotations

from collections.abc import Sequence

from tests.services.outbox.samples import INSTITUTION, patient, staff_row
from tests.services.outbox.world import World
from visitbridge.domain.jobs import Job
from visitbridge.domain.people import BasicRecord, Institution
from visitbridge.domain.visit import Position, Visit
from visitbridge.errors import CardAbsent, DeviceDisabled
from visitbridge.ports.records import DataSetRecord, PairedPhone, StaffSessionRow
from visitbridge.ports.store import Store
from visitbridge.protocols.datacentre.uploads import DataSetRow
from visitbridge.services.grants import Acting
from visitbridge.services.staff_terms import signs_as
from visitbridge.services.visits.desk import VisitDesk
from visitbridge.sim.clock import FakeClock

READER = "reader-1"
PHONE = "phone-1"


class FakeBox:
    def __init__(self) -> None:
        self.enabled = True

    def institution(self) -> Institution:
        return INSTITUTION

    def require_enabled(self) -> None:
        if not self.enabled:
            raise DeviceDisabled


class FakePatientCards:
    def __init__(self) -> None:
        self.inside: BasicRecord | None = patient()

    def require_nhi(self, reader_id: str) -> tuple[object, BasicRecord]:
        if self.inside is None:
            raise CardAbsent
        return reader_id, self.inside

    def find_card(self, card_no: str) -> object | None:
        return READER if self.inside is not None and self.inside.card_no == card_no else None


class FakeSignedIn:
    def __init__(self) -> None:
        self.session: StaffSessionRow | None = staff_row()
        self.former: dict[str, StaffSessionRow | None] = {}

    def run_out(self, phone_id: str) -> None:
        """The session ends by itself; its person goes on with less on this phone (F05)."""
        self.former[phone_id], self.session = self.session, None

    def acting(self, phone_id: str) -> Acting | None:
        row = self.session or self.former.get(phone_id)
        if row is None:
            return None
        return Acting(
            staff_id=row.staff_id,
            rights=frozenset(row.rights),
            live=row is self.session,
            signed_in_at=row.started_at,
            practitioner=signs_as(row),
        )


class FakeCatalogue:
    """Codes by data set, with their ``attributes``; ``looked_up`` in order."""

    def __init__(self) -> None:
        self.sets = {
            "icd10": {"I10", "E11.9"},
            "drugs": {"TEST000001"},
            "frequencies": {"QD", "BID", "PRN"},
            "routes": {"PO"},
            "departments": {"EA", "01"},
        }
        self.attributes: dict[str, dict[str, str]] = {}
        self.looked_up: list[tuple[str, str]] = []

    async def loaded(self) -> Sequence[DataSetRecord]:
        at = FakeClock().now()
        return [
            DataSetRecord(name=name, version="1", group="default", rows=len(codes), sha256="", loaded_at=at)
            for name, codes in self.sets.items()
        ]

    async def get(self, dataset: str, code: str) -> DataSetRow | None:
        self.looked_up.append((dataset, code))
        if code not in self.sets.get(dataset, ()):
            return None
        return DataSetRow(code=code, attributes=self.attributes.get(code, {}))


class Room:
    """``jobs`` and ``visit`` read what is on disk."""

    def __init__(
        self, store: Store, *, make_up_write: bool = False, start_after_sign_in: bool = True
    ) -> None:
        self.world = World(store)
        self.clock = self.world.clock
        self.store = store
        self.box = FakeBox()
        self.cards = FakePatientCards()
        self.staff = FakeSignedIn()
        self.catalogue = FakeCatalogue()
        self.position: Position | None = None
        self.desk = VisitDesk(
            store=store,
            clock=self.clock,
            catalogue=self.catalogue,
            box=self.box,
            cards=self.cards,
            staff=self.staff,
            link_is_up=lambda: self.world.link_up,
            kinds=self.world.kinds(),
            outbox=self.world.outbox.desk,
            board=self.world.board,
            position=lambda: self.position,
            make_up_write=make_up_write,
            start_after_sign_in=start_after_sign_in,
        )

    async def pair(self, phone_id: str, name: str) -> None:
        phone = PairedPhone(
            phone_id=phone_id,
            name=name,
            token_hash=phone_id,
            paired_at=self.clock.now(),
            used_at=self.clock.now(),
        )
        await self.store.write(lambda tx: tx.phones.add(phone))

    async def jobs(self, visit_id: str) -> dict[str, Job]:
        rows = await self.store.read(lambda tx: tx.jobs.of_visit(visit_id))
        return {job.kind: job for job in rows}

    async def visit(self, visit_id: str) -> Visit:
        return await self.world.visit(visit_id)

    async def audit(self) -> list[str]:
        return [row.entry.act for row in await self.store.read(lambda tx: tx.audit.rows())]
