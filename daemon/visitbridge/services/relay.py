"""Relaying a card session between the data centre and a card (data-centre.md §3).

The box holds no card key: it carries APDUs one way and answers the other. What it does decide is whether the
right card is in the reader, and what may be said about a session that did not end well.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager

from visitbridge.errors import (
    CardRemoved,
    DataCentreError,
    DataCentreGarbled,
    LinkDown,
    LinkError,
    Retry,
    VisitBridgeError,
    WrongCard,
)
from visitbridge.ports.card_channel import CardChannel
from visitbridge.ports.clock import Clock
from visitbridge.ports.datacentre import DataCentre
from visitbridge.protocols.datacentre.cards import (
    BatchAnswers,
    CardResult,
    OpenCardSession,
    Script,
    SessionStep,
)
from visitbridge.services.activity import Activity
from visitbridge.services.card_kinds import read_basic
from visitbridge.services.cards import CardDesk
from visitbridge.services.scripts import run_script
from visitbridge.services.turns import ReaderTurns

log = logging.getLogger(__name__)

_REPOST_DELAYS_S = (0.2, 1.0)


class CardRelay:
    """``session_deadline_s``: how long one card session may hold the reader."""

    def __init__(
        self,
        desk: CardDesk,
        data_centre: DataCentre,
        clock: Clock,
        *,
        activity: Activity | None = None,
        turns: ReaderTurns | None = None,
        session_deadline_s: float = 60.0,
    ) -> None:
        self._desk = desk
        self._data_centre = data_centre
        self._clock = clock
        self._activity = activity or Activity()
        self._turns = turns
        self._session_deadline_s = session_deadline_s

    async def run(
        self,
        reader_id: str,
        request: OpenCardSession,
        *,
        owner: str,
        on_mutating: Callable[[], Awaitable[None]] | None = None,
    ) -> CardResult:
        """Run one session to its result.

        ``on_mutating`` is awaited once, before the first APDU that may change the card; without it the session
        may only read. The card's number is compared with the intent's before the session, before the first
        such APDU and after the last. Raises WrongCard, and whatever reader, card, link and data centre raise:
        with ``retry=unknown`` once ``on_mutating`` was called, however the error is classed otherwise.
        """
        session = _Session(self._desk, self._data_centre, self._clock, reader_id, request, on_mutating)
        with self._activity.hold("card session"):
            async with self._desk.reader(reader_id).open_session(
                owner, deadline_s=self._session_deadline_s
            ) as channel:
                with self._shown(reader_id):
                    return await self._run(session, channel)

    def _shown(self, reader_id: str) -> AbstractContextManager[None]:
        if self._turns is None:
            return contextlib.nullcontext()
        return self._turns.session(reader_id, self._session_deadline_s)

    async def _run(self, session: _Session, channel: CardChannel) -> CardResult:
        try:
            return await session.run(channel)
        except VisitBridgeError as exc:
            if session.mutated:
                exc.retry = Retry.UNKNOWN
            raise


class _Session:
    def __init__(
        self,
        desk: CardDesk,
        data_centre: DataCentre,
        clock: Clock,
        reader_id: str,
        request: OpenCardSession,
        on_mutating: Callable[[], Awaitable[None]] | None,
    ) -> None:
        self._desk = desk
        self._data_centre = data_centre
        self._clock = clock
        self._reader_id = reader_id
        self._request = request
        self._on_mutating = on_mutating
        self._insertion = desk.at(reader_id).insertion
        self._identified = False
        self.mutated = False

    async def run(self, channel: CardChannel) -> CardResult:
        await self._compare(channel)
        step = await self._data_centre.open_card_session(self._request)
        try:
            while step.script is not None:
                answers = await self._play(channel, step.script)
                step = await self._post(step.session_id, answers)
        except VisitBridgeError:
            await self._give_up(step.session_id)
            raise
        if step.card is None:
            raise DataCentreGarbled("a card session that ended without a result")
        if self.mutated:
            await self._compare(channel)
        return step.card

    async def _play(self, channel: CardChannel, script: Script) -> BatchAnswers:
        allowed = self._before_mutating if self._on_mutating is not None else None
        answers = await run_script(channel, script, before_mutating=allowed)
        if script.phase == "identify" and answers.stopped_at is None:
            self._identified = True
        return answers

    async def _before_mutating(self) -> None:
        """Second comparison: same insertion as when the number was read, and the data centre has identified
        the card inside the secure channel, which a SELECT of ours would end.
        """
        if not self._identified:
            raise DataCentreGarbled("a mutating step before the card was identified")
        slot = self._desk.info(self._reader_id)
        if slot is None or slot.insertion != self._insertion:
            raise CardRemoved
        if not self.mutated and self._on_mutating is not None:
            await self._on_mutating()
            self.mutated = True

    async def _compare(self, channel: CardChannel) -> None:
        intent = self._request.intent
        if intent is not None and (await read_basic(channel)).card_no != intent.card_no:
            raise WrongCard

    async def _post(self, session_id: str, answers: BatchAnswers) -> SessionStep:
        """One batch has one answer on the other side, so a lost reply is asked for again."""
        for delay_s in _REPOST_DELAYS_S:
            try:
                return await self._data_centre.answer_card(session_id, answers)
            except LinkDown:
                await self._clock.wait_until(self._clock.monotonic() + delay_s)
        return await self._data_centre.answer_card(session_id, answers)

    async def _give_up(self, session_id: str) -> None:
        try:
            await self._data_centre.end_card_session(session_id)
        except (LinkError, DataCentreError) as exc:
            log.info("card session left open on the other side: %s", exc.code)
