"""How a card write runs (architecture.md "Card writes"): at most once on the card, exactly once in effect.

The data centre drives the card and the relay carries the script. In doubt the box asks by key, then reads the
card back: closed → written, absent → queued, open → the data centre's repair script.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, Literal, Protocol

import msgspec

from visitbridge.domain.jobs import JobState, Need
from visitbridge.domain.visit import Visit
from visitbridge.errors import CardAbsent, DataCentreGarbled, Retry, StaffExpired
from visitbridge.protocols.datacentre.cards import (
    CardRecordState,
    CardResult,
    OpenCardSession,
    Purpose,
    WriteIntent,
)
from visitbridge.services.outbox import steps
from visitbridge.services.outbox.conditions import CardFinder, StaffFinder
from visitbridge.services.outbox.uploads import ReceiptBook, ask
from visitbridge.services.outbox.work import Work

_INTENT = msgspec.json.Decoder(WriteIntent)


BuildIntent = Callable[[Visit, str], bytes]
"""The intent for a visit and a key, as JSON with sorted keys, whose digest the data centre computes too."""


class Relay(Protocol):
    """Runs one card session; see ``services.relay.CardRelay``."""

    async def run(
        self,
        reader_id: str,
        request: OpenCardSession,
        *,
        owner: str,
        on_mutating: Callable[[], Awaitable[None]] | None = None,
    ) -> CardResult: ...


class CardWriteHandler:
    """``purpose`` is the writing session's; ``part`` the member of CardRecordState that it closes."""

    steps: Final = (
        steps.PREPARE,
        steps.RELAY,
        steps.EXECUTE,
        steps.WRITE,
        steps.CONFIRM,
        steps.ASK,
        steps.AWAIT,
        steps.READ_BACK,
        steps.REPAIR,
        *steps.ENDINGS,
    )

    def __init__(
        self,
        book: ReceiptBook,
        relay: Relay,
        cards: CardFinder,
        staff: StaffFinder,
        holds: Callable[[Need], bool],
        *,
        build: BuildIntent,
        purpose: Literal["write_visit", "write_prescription"],
        part: Literal["visit", "orders"],
    ) -> None:
        self._book = book
        self._relay = relay
        self._cards = cards
        self._staff = staff
        self._holds = holds
        self._build = build
        self._purpose: Purpose = purpose
        self._part = part

    async def attempt(self, work: Work) -> None:
        reader_id = self._reader_with_card(work)
        await work.prepare(work.job.payload or self._build(work.visit, work.job.key))
        request = self._request(work, self._purpose)
        async with work.step(steps.RELAY):
            result = await self._relay.run(reader_id, request, owner=work.kind.name, on_mutating=work.execute)
        await self._take(work, result)

    async def settle(self, work: Work) -> None:
        """Ask by key; without a receipt, go by what the card says, for which it has to be there."""
        async with work.step(steps.ASK):
            receipt = await ask(self._book, work.job.key)
        if receipt is not None:
            await work.confirm(receipt)
        elif not all(map(self._holds, work.kind.needs(work.visit))):
            await work.wait_for(work.kind.needs(work.visit))
        elif work.job.state is JobState.WRITTEN:
            await self._repair(work)
        else:
            await self._read_back(work)

    async def _read_back(self, work: Work) -> None:
        async with work.step(steps.READ_BACK):
            result = await self._relay.run(
                self._reader_with_card(work), self._request(work, "read_back"), owner=work.kind.name
            )
        match self._state_of(result.record):
            case "absent":
                await work.put_back()
            case "open":
                await self._repair(work)
            case "closed" if result.receipt is not None:
                await self._take(work, result)
            case "closed":
                await work.written(work.kind.needs(work.visit))
                await self._repair(work)

    async def _repair(self, work: Work) -> None:
        """Bring the record to closed and get its receipt; on a closed one this changes nothing.

        The job is ``unknown`` or ``written`` on disk, so whatever becomes of this, the card is asked again.
        """
        async with work.step(steps.REPAIR):
            result = await self._relay.run(
                self._reader_with_card(work),
                self._request(work, "repair"),
                owner=work.kind.name,
                on_mutating=_already_in_doubt,
            )
        await self._take(work, result)

    async def _take(self, work: Work, result: CardResult) -> None:
        """Believe the result only as far as it goes: a closed record, then a receipt."""
        if self._state_of(result.record) != "closed":
            raise DataCentreGarbled("a writing session that ended without a closed record")
        if work.job.state is not JobState.WRITTEN:
            await work.written(work.kind.needs(work.visit))
        if result.receipt is None:
            raise DataCentreGarbled("a closed record without its receipt")
        await work.confirm(result.receipt)

    def _state_of(self, record: CardRecordState | None) -> Literal["absent", "open", "closed"]:
        if record is None:
            raise DataCentreGarbled("a card session that says nothing of the record")
        return record.visit if self._part == "visit" else record.orders

    def _request(self, work: Work, purpose: Purpose) -> OpenCardSession:
        session = self._staff.live_by_staff(work.visit.practitioner.staff_id)
        if session is None:
            raise StaffExpired(retry=Retry.LATER)
        intent = _INTENT.decode(work.job.payload)
        return OpenCardSession(purpose=purpose, staff_token=session.token, intent=intent)

    def _reader_with_card(self, work: Work) -> str:
        slot = self._cards.find_card(work.visit.patient.card_no)
        if slot is None:
            raise CardAbsent
        return slot.reader_id


async def _already_in_doubt() -> None:
    """The job's durable state already says that the card may have changed."""
