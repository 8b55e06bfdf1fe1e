"""How an upload runs: bind the body to the key, send, keep the receipt; in doubt, ask by key (N07-N12)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from visitbridge.domain.jobs import JobState
from visitbridge.errors import DataCentreBusy, DataCentreGarbled, KeyConflict
from visitbridge.protocols.datacentre.common import Receipt, ReceiptStatus
from visitbridge.services.outbox import steps
from visitbridge.services.outbox.work import Work

Send = Callable[[str, bytes], Awaitable[Receipt]]
"""Deliver a body under a key."""


class ReceiptBook(Protocol):
    """The part of the data centre that answers for keys."""

    async def receipt(self, key: str) -> ReceiptStatus: ...


async def ask(book: ReceiptBook, key: str) -> Receipt | None:
    """The receipt for ``key``, or None when the other side has never seen it, so that it is safe to send.

    Raises DataCentreBusy while it is in progress over there.
    """
    status = await book.receipt(key)
    if status.state == "in_progress":
        raise DataCentreBusy("still in progress")
    if status.state == "receipt" and status.receipt is None:
        raise DataCentreGarbled("a receipt was announced and not given")
    return status.receipt


class UploadHandler:
    """At least once towards an idempotent receiver: one effect."""

    steps: Final = (
        steps.ASK_FORMER,
        steps.EXECUTE,
        steps.SEND,
        steps.CONFIRM,
        steps.ASK,
        *steps.ENDINGS,
    )

    def __init__(self, book: ReceiptBook, send: Send) -> None:
        self._book = book
        self._send = send

    async def attempt(self, work: Work) -> None:
        """A key that has gone out once keeps its body, so that the same key never stands for two."""
        if work.job.state is JobState.LEASED:
            if work.job.former_key:
                await self._require_former_unused(work)
            await work.execute_with(work.job.payload or work.body())
        async with work.step(steps.SEND):
            receipt = await self._send(work.job.key, work.job.payload)
        await work.confirm(receipt)

    async def settle(self, work: Work) -> None:
        async with work.step(steps.ASK):
            receipt = await ask(self._book, work.job.key)
        if receipt is None:
            await work.put_back()
        else:
            await work.confirm(receipt)

    async def _require_former_unused(self, work: Work) -> None:
        """Before a corrected version goes out, make sure that the one before it was not taken after all.

        Raises KeyConflict then: whether to correct what was taken is a person's decision.
        """
        async with work.step(steps.ASK_FORMER):
            if await ask(self._book, work.job.former_key) is not None:
                raise KeyConflict("the version before this one was accepted")
