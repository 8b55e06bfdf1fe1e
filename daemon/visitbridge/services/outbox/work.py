"""One leased job in the hands of its handler: named steps, durable moves, the receipt."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from visitbridge.domain.job_states import Move
from visitbridge.domain.jobs import Job, Need
from visitbridge.domain.visit import Visit
from visitbridge.errors import FieldInvalid
from visitbridge.protocols.datacentre.common import Receipt, digest_of
from visitbridge.services.outbox import steps
from visitbridge.services.outbox.receipts import VerifySignature, check_receipt
from visitbridge.services.outbox.steps import Edge, StepHook, StepPoint

if TYPE_CHECKING:
    from visitbridge.services.outbox.kinds import JobKind
    from visitbridge.services.outbox.leases import Lease
    from visitbridge.services.outbox.ledger import Ledger


class Work:
    """What a handler may do to its job. Every method that ends in a commit is one named step.

    ``receipts``: those of the visit's other jobs by kind, as of the lease.

    ``following``: the lease that came with the confirming commit; the engine goes on with it.
    ``choose_next`` names the job to lease along with a confirmation, or None. ``on_move`` hears of every
    commit.
    """

    def __init__(
        self,
        lease: Lease,
        kind: JobKind,
        ledger: Ledger,
        *,
        is_genuine: VerifySignature,
        hook: StepHook,
        choose_next: Callable[[], str | None],
        on_move: Callable[[Job, Visit], None],
    ) -> None:
        self.job = lease.job
        self.visit = lease.visit
        self.receipts = lease.receipts
        self.kind = kind
        self.following: Lease | None = None
        self._ledger = ledger
        self._is_genuine = is_genuine
        self._hook = hook
        self._choose_next = choose_next
        self._on_move = on_move

    @asynccontextmanager
    async def step(self, name: str) -> AsyncIterator[None]:
        """Mark a step that the kind has declared. Raises LookupError for another: tests could not see it."""
        if name not in self.kind.handler.steps:
            raise LookupError(f"{self.kind.name} has no step {name}")
        await self._hook(StepPoint(kind=self.kind.name, step=name, edge=Edge.BEFORE, job_id=self.job.job_id))
        yield
        await self._hook(StepPoint(kind=self.kind.name, step=name, edge=Edge.AFTER, job_id=self.job.job_id))

    async def prepare(self, payload: bytes) -> None:
        """The intent is durable and bound to the key; nothing that changes the card has left."""
        await self._commit(steps.PREPARE, Move.PREPARE, payload=payload, digest=digest_of(payload))

    def body(self) -> bytes:
        """What this job's key is going to stand for. Raises FieldInvalid."""
        if self.kind.build is None:
            raise FieldInvalid("comes with its own body", field=self.kind.name)
        return self.kind.build(self.visit, self.receipts)

    async def execute(self) -> None:
        """From here on the card may have changed."""
        await self._commit(steps.EXECUTE, Move.EXECUTE)

    async def execute_with(self, payload: bytes) -> None:
        """From here on it may have arrived; the body is bound to the key with it."""
        await self._commit(steps.EXECUTE, Move.EXECUTE, payload=payload, digest=digest_of(payload))

    async def written(self, needs: tuple[Need, ...]) -> None:
        """The card holds the closed record; only the receipt is missing, which needs ``needs``."""
        await self._commit(steps.WRITE, Move.WRITE, needs=needs)

    async def put_back(self) -> None:
        """Settled: it did not happen. To be done again, under the same key."""
        await self._commit(
            steps.PUT_BACK, Move.PUT_BACK, needs=self.kind.needs(self.visit), leased_by="", interruptions=0
        )

    async def wait_for(self, needs: tuple[Need, ...]) -> None:
        """The question by key is answered; the rest of the answer lies with ``needs`` (the card)."""
        await self._commit(
            steps.AWAIT,
            Move.DEFER,
            needs=needs,
            leased_by="",
            interruptions=0,
            not_before=None,
            error_code="",
        )

    async def confirm(self, receipt: Receipt) -> None:
        """Raises ReceiptRefused unless the receipt is genuine and this job's."""
        check_receipt(self.job, receipt, receipt_kind=self.kind.receipt_kind, is_genuine=self._is_genuine)
        await self._confirm(receipt)

    async def answer(self, result: str) -> None:
        """A question's answer, as JSON text, ends its job."""
        await self._confirm(None, result=result)

    async def end(
        self,
        step: str,
        move: Move,
        *,
        error: tuple[str, str, str],
        not_before: dt.datetime | None,
        needs_person: bool,
        needs: tuple[Need, ...] | None = None,
    ) -> None:
        """Record why the attempt ended: ``error`` is code, field and the other side's words."""
        code, field, words = error
        changes: dict[str, object] = {} if needs is None else {"needs": needs}
        await self._commit(
            step,
            move,
            error_code=code,
            error_field=field,
            error_words=words,
            not_before=not_before,
            needs_person=needs_person,
            leased_by="",
            interruptions=0,
            **changes,
        )

    async def _confirm(self, receipt: Receipt | None, *, result: str = "") -> None:
        then = self._choose_next()
        async with self.step(steps.CONFIRM):
            done = await self._ledger.confirm(self.job, self.kind, receipt, result=result, then=then)
            self.following = done.following
            self._record(done.job, done.visit)

    async def _commit(self, step: str, move: Move, **changes: object) -> None:
        async with self.step(step):
            who = "box" if move in {Move.REJECT, Move.DOUBT} else ""
            job = await self._ledger.move(self.job, self.kind.path, move, changes, who=who)
            self._record(job, self.visit)

    def _record(self, job: Job, visit: Visit) -> None:
        self.job = job
        self.visit = visit
        self._on_move(job, visit)
