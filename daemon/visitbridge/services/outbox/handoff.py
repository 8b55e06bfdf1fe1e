"""Hand-off: unsent uploads leave in a sealed file, and stay here until the other side acknowledges them (beyond #17)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

import msgspec

from visitbridge.domain.ids import new_id
from visitbridge.domain.job_states import Move, allows, moved
from visitbridge.domain.jobs import Job, JobState
from visitbridge.errors import KeyConflict, NotBound, NotFound, ReceiptRefused, Rejected, VisitBridgeError
from visitbridge.ports.clock import Clock
from visitbridge.ports.datacentre import HandoffRefusal
from visitbridge.ports.records import AuditEntry
from visitbridge.ports.store import Store, Transaction
from visitbridge.protocols.datacentre.common import Receipt, ReceiptStatus
from visitbridge.protocols.datacentre.handoff import Handoff, HandoffItem, Sign, public_key, seal
from visitbridge.services.binding import BoxRecord
from visitbridge.services.outbox.cargo import Cargo
from visitbridge.services.outbox.desk import OutboxDesk
from visitbridge.services.outbox.kinds import Kinds, clean
from visitbridge.services.outbox.receipts import VerifySignature, check_receipt

log = logging.getLogger(__name__)

LARGEST: Final = 2000
"""Items of one file; a further file takes the rest."""

_SETTING: Final = "outbox.handoff."
_WAITING: Final = (JobState.QUEUED, JobState.HELD)


class Asked(Protocol):
    """The part of the data centre that is asked what became of the file."""

    async def receipt(self, key: str) -> ReceiptStatus: ...
    async def missing_receipts(self, keys: tuple[str, ...]) -> tuple[str, ...]: ...
    async def handoff_refusals(self, keys: tuple[str, ...]) -> tuple[HandoffRefusal, ...]: ...


class SealedFile(msgspec.Struct, frozen=True, kw_only=True):
    """``left``: items that waited before these and that no file can carry yet: card writes, what needs their result."""

    handoff_id: str
    content: bytes
    items: int
    left: int


class _Listed(msgspec.Struct, frozen=True):
    """What is durable of a file that was made: the keys it carries, by job."""

    keys: dict[str, str]


class HandoffDesk:
    """Nothing changes its state until somebody confirms that the file is in safe hands.

    Until then the box goes on trying; an item that arrives by both ways has one effect, since its key and body
    are the same. After that it waits for the receipt, for which the box asks whenever the link answers.
    """

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        kinds: Kinds,
        desk: OutboxDesk,
        data_centre: Asked,
        box: Callable[[], BoxRecord],
        is_genuine: VerifySignature,
        sign: Sign,
    ) -> None:
        self._store = store
        self._clock = clock
        self._kinds = kinds
        self._cargo = Cargo(kinds)
        self._desk = desk
        self._data_centre = data_centre
        self._box = box
        self._is_genuine = is_genuine
        self._sign = sign
        self._may_wait = True

    async def export(self, *, phone_id: str = "") -> SealedFile:
        """Bind the bodies of what waits, durably, and seal them. Raises NotBound, NotFound when nothing can go."""
        box = self._box()
        if box.institution is None or not box.handoff_key:
            raise NotBound("no hand-off key yet")
        recipient = public_key(box.handoff_key)
        now = self._clock.now()
        handoff_id = new_id(now)

        def work(tx: Transaction) -> tuple[tuple[HandoffItem, ...], int]:
            found: list[tuple[Job, HandoffItem]] = []
            left = 0
            for job in tx.jobs.in_states(_WAITING):
                if len(found) == LARGEST:
                    break
                if body := self._cargo.body(tx, job):
                    found.append((job, self._cargo.bind(tx, job, body)))
                else:
                    left += 1
            if not found:
                raise NotFound("nothing that a file can carry", field="handoff")
            listed = _Listed({job.job_id: job.key for job, _ in found})
            tx.settings.set(_SETTING + handoff_id, msgspec.json.encode(listed).decode())
            self._audit(tx, "outbox.export", record=handoff_id, phone_id=phone_id)
            return tuple(item for _, item in found), left

        items, left = await self._store.write(work)
        handoff = Handoff(
            handoff_id=handoff_id,
            institution=box.institution.code,
            sheet_id=box.sheet_id,
            made_at=now,
            items=items,
        )
        return SealedFile(
            handoff_id=handoff_id, content=seal(handoff, recipient, self._sign), items=len(items), left=left
        )

    async def confirm(self, handoff_id: str, *, phone_id: str = "") -> int:
        """The file is in safe hands: its items wait for their receipts and are sent from here no more.

        What was sent or changed meanwhile is left as it is. Returns how many were handed off. Raises NotFound.
        """

        def work(tx: Transaction) -> list[Job]:
            text = tx.settings.get(_SETTING + handoff_id)
            if text is None:
                raise NotFound("hand-off", field="handoff_id")
            listed = msgspec.json.decode(text, type=_Listed)
            moving = [job for job in map(tx.jobs.get, listed.keys) if job and self._may_leave(job, listed)]
            after = [self._replace(tx, job, Move.HAND_OFF) for job in moving]
            tx.settings.set(_SETTING + handoff_id, None)
            self._audit(tx, "outbox.hand_off", record=handoff_id, phone_id=phone_id)
            return after

        handed = await self._store.write(work)
        self._may_wait = True
        await self._tell(handed)
        return len(handed)

    async def carriable(self) -> int:
        """How many waiting items a file could carry now; nothing is bound or changed by asking."""

        def work(tx: Transaction) -> int:
            return sum(1 for job in tx.jobs.in_states(_WAITING) if self._cargo.body(tx, job))

        return await self._store.read(work)

    async def waiting(self) -> int:
        """How many items are handed off and have neither a receipt nor a refusal yet."""
        return len(await self._handed_off())

    async def take_back(self, *, phone_id: str = "") -> int:
        """A file was lost: what it carried is sent from here again, under the same keys.

        A box cannot tell which file was lost, so everything comes back that has no answer; an item that arrives by both
        ways still has one effect. The other side is asked first, and its receipts and refusals stand; without the link
        that is left to the sending. Returns how many came back.
        """
        self._may_wait = True
        await self.ask()

        def work(tx: Transaction) -> list[Job]:
            lost = tx.jobs.in_states((JobState.HANDED_OFF,))
            if lost:
                self._audit(tx, "outbox.take_back", record="", phone_id=phone_id)
            return [self._replace(tx, job, Move.TAKE_BACK) for job in lost]

        handed = await self._handed_off()
        try:
            back = await self._store.write(work)
        finally:
            # Also what the disk may have taken and then told as an error.
            await self._tell(handed)
        return len(back)

    async def ask(self) -> None:
        """Confirm what the other side has receipts for, and bring back to people what its import refused.

        Nothing is asked while nothing is handed off.

        Called whenever the link answers; a question that fails is asked again at the next one.
        """
        if not self._may_wait:
            return
        waiting = await self._handed_off()
        if not waiting:
            self._may_wait = False
            return
        try:
            missing = set(await self._data_centre.missing_receipts(tuple(job.key for job in waiting)))
            for job in waiting:
                if job.key not in missing:
                    await self._settle(job)
            await self._take_refusals({job.key: job for job in waiting if job.key in missing})
        except VisitBridgeError as error:
            log.info("what was handed off could not be asked about yet: %s", error.code)

    async def _settle(self, job: Job) -> None:
        receipt = (await self._data_centre.receipt(job.key)).receipt
        if receipt is None:
            return
        kind = self._kinds[job.kind]
        try:
            check_receipt(job, receipt, receipt_kind=kind.receipt_kind, is_genuine=self._is_genuine)
        except ReceiptRefused as error:
            log.warning("the receipt of what was handed off is not believed: %s", error.detail)
            await self._reject(job, KeyConflict())
            return
        await self._tell([await self._store.write(lambda tx: self._confirmed(tx, job, receipt))])

    async def _take_refusals(self, without_receipt: Mapping[str, Job]) -> None:
        if not without_receipt:
            return
        for refusal in await self._data_centre.handoff_refusals(tuple(without_receipt)):
            job = without_receipt.get(refusal.key)
            if job is not None and job.digest == refusal.digest:
                await self._reject(job, refusal.error)

    async def _reject(self, job: Job, error: VisitBridgeError) -> None:
        def work(tx: Transaction) -> Job:
            self._audit(tx, f"outbox.refused.{job.kind}", record=job.visit_id)
            return self._replace(
                tx,
                job,
                Move.REJECT,
                needs_person=True,
                error_code=error.code,
                error_field=error.field or "",
                error_words=error.words if isinstance(error, Rejected) else "",
            )

        await self._tell([await self._store.write(work)])

    async def _handed_off(self) -> tuple[Job, ...]:
        return await self._store.read(lambda tx: tuple(tx.jobs.in_states((JobState.HANDED_OFF,))))

    def _confirmed(self, tx: Transaction, job: Job, receipt: Receipt) -> Job:
        after = self._replace(tx, job, Move.CONFIRM, settled_at=self._clock.now())
        tx.receipts.add(receipt, job_id=job.job_id)
        self._audit(tx, f"outbox.confirm.{job.kind}", record=job.visit_id)
        return after

    def _may_leave(self, job: Job, listed: _Listed) -> bool:
        path = self._kinds[job.kind].path
        is_same = listed.keys[job.job_id] == job.key and not job.leased_by
        return is_same and allows(path, job.state, Move.HAND_OFF)

    def _replace(self, tx: Transaction, job: Job, move: Move, **changes: object) -> Job:
        path = self._kinds[job.kind].path
        after = clean(moved(job, path, move), fence=job.fence + 1, **changes)
        if not tx.jobs.replace(after, fence=job.fence):
            raise NotFound("outbox item", field="job_id")
        return after

    def _audit(self, tx: Transaction, act: str, *, record: str, phone_id: str = "") -> None:
        who = "phone" if phone_id else "box"
        entry = AuditEntry(at=self._clock.now(), who=who, act=act, record=record, phone_id=phone_id)
        tx.audit.append(entry)

    async def _tell(self, jobs: Sequence[Job]) -> None:
        for visit_id in dict.fromkeys(job.visit_id for job in jobs):
            await self._desk.reload(visit_id)
