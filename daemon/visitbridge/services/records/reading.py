"""Reading records at a visit: from what was fetched before departure, or with the patient's card in the reader."""

from __future__ import annotations

from typing import Protocol

from visitbridge.domain.people import BasicRecord
from visitbridge.domain.records import RecordKind
from visitbridge.domain.roc import TAIPEI
from visitbridge.errors import ConsentMissing, StaffRequired
from visitbridge.ports.clock import Clock
from visitbridge.ports.cloud import CloudRecords
from visitbridge.ports.consents import KeptRecords
from visitbridge.ports.records import AuditEntry, StaffSessionRow
from visitbridge.ports.store import Store
from visitbridge.protocols.datacentre.records import RecordsAnswer, RecordsQuery
from visitbridge.services.records.allergies import Allergies, allergies
from visitbridge.services.records.copies import RecordKeeper
from visitbridge.services.records.ledger import Actor
from visitbridge.services.records.leftover import DrugBook, Leftover, leftover, of_code
from visitbridge.services.records.plans import PlanDesk
from visitbridge.services.visits.starting import SignedIn


class PatientCards(Protocol):
    """The part of ``services.cards.CardDesk`` that tells whose card is in a reader."""

    def require_nhi(self, reader_id: str) -> tuple[object, BasicRecord]: ...


class RecordReader:
    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        keeper: RecordKeeper,
        plans: PlanDesk,
        cloud: CloudRecords,
        drugs: DrugBook,
        cards: PatientCards,
        staff: SignedIn,
    ) -> None:
        self._store = store
        self._clock = clock
        self._keeper = keeper
        self._plans = plans
        self._cloud = cloud
        self._drugs = drugs
        self._cards = cards
        self._staff = staff

    def session_of(self, phone_id: str) -> StaffSessionRow:
        """Raises StaffRequired when nobody is signed in on the phone any more."""
        session = self._staff.live_for_phone(phone_id)
        if session is None:
            raise StaffRequired("the session ended meanwhile")
        return session

    async def of_visit(self, visit_id: str, actor: Actor) -> KeptRecords:
        """The newest copy of the visit's patient. Raises NotFound, ConsentMissing, ClockUntrusted."""
        person = await self._plans.person_of(visit_id)
        copies = await self._keeper.of_person(person.id_no, actor)
        if not copies:
            raise ConsentMissing
        return max(copies, key=lambda kept: kept.as_of)

    async def leftover(self, visit_id: str, code: str = "") -> Leftover:
        """What the patient still has, of one medicine or of all. Raises NotFound."""
        person = await self._plans.person_of(visit_id)
        today = self._clock.now().astimezone(TAIPEI).date()
        left = leftover(await self._keeper.known_of(person.id_no), today)
        return await of_code(left, code, self._drugs) if code else left

    async def allergies(self, visit_id: str) -> Allergies:
        """What the patient must not be given, as far as it was downloaded. Raises NotFound."""
        person = await self._plans.person_of(visit_id)
        return allergies(await self._keeper.known_of(person.id_no))

    async def with_card(self, reader_id: str, kinds: tuple[RecordKind, ...], phone_id: str) -> RecordsAnswer:
        """Ask now, for the person whose card is in the reader and has been read through a card session (L01).

        Raises StaffRequired, what the card desk and the data centre raise. Nothing of the answer is kept.
        """
        session = self.session_of(phone_id)
        _, patient = self._cards.require_nhi(reader_id)
        answer = await self._cloud.query_records(
            session.token, RecordsQuery(id_no=patient.id_no, kinds=kinds)
        )
        entry = AuditEntry(
            at=self._clock.now(),
            who=session.staff_id,
            act="records.query",
            record=patient.card_no,
            phone_id=phone_id,
        )
        await self._store.write(lambda tx: tx.audit.append(entry))
        return answer
