"""Readers, the cards in them, and what a card session reads from one."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from visitbridge.api.routes import PAIRED, AnyRoute, Call, NoQuery, Route, reduced, signed_in
from visitbridge.api.viewing import slot_for
from visitbridge.domain.card_names import LONGEST_NAME
from visitbridge.domain.people import Right
from visitbridge.errors import DataCentreGarbled, StaffRequired
from visitbridge.protocols.datacentre.cards import CardContents, OpenCardSession
from visitbridge.services.card_names import CardNameBook
from visitbridge.services.cards import CardDesk
from visitbridge.services.grants import Acting
from visitbridge.services.relay import CardRelay
from visitbridge.services.staff import StaffDesk
from visitbridge.services.topics import Slot
from visitbridge.services.turns import ReaderTurns


class ConfirmName(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME)]


class Readers:
    def __init__(
        self, cards: CardDesk, names: CardNameBook, relay: CardRelay, staff: StaffDesk, turns: ReaderTurns
    ) -> None:
        self._cards = cards
        self._names = names
        self._turns = turns
        self._relay = relay
        self._staff = staff

    def routes(self) -> list[AnyRoute]:
        return [
            Route(
                method="GET",
                path="/api/readers",
                summary="Every reader with the card in it",
                access=PAIRED,
                handler=self._list,
                answer=tuple[Slot, ...],
            ),
            Route(
                method="POST",
                path="/api/readers/{reader_id}/refresh",
                summary="Read the public record of the card again",
                access=PAIRED,
                handler=self._refresh,
                answer=Slot,
            ),
            Route(
                method="POST",
                path="/api/readers/{reader_id}/release",
                summary="End this phone's turn at a reader, so that another may use it at once",
                access=PAIRED,
                handler=self._release,
                answer=None,
            ),
            Route(
                method="POST",
                path="/api/readers/{reader_id}/contents",
                summary="Read the card through a card session with the data centre",
                access=signed_in(Right.VISITS),
                handler=self._contents,
                answer=CardContents,
            ),
            Route(
                method="PUT",
                path="/api/readers/{reader_id}/name",
                summary="Say what a patient is called whose card cannot hold all of the name",
                access=reduced(Right.VISITS),
                handler=self._confirm_name,
                body=ConfirmName,
                answer=Slot,
            ),
        ]

    async def _list(self, call: Call[NoQuery, None]) -> tuple[Slot, ...]:
        return tuple(slot_for(slot, call.acting) for slot in self._cards.topic().readers)

    async def _refresh(self, call: Call[NoQuery, None]) -> Slot:
        reader_id = call.path["reader_id"]
        self._turns.use(reader_id, call.known_phone)
        await self._cards.refresh(reader_id)
        return self._slot(reader_id, call.acting)

    async def _confirm_name(self, call: Call[NoQuery, ConfirmName]) -> Slot:
        reader_id = call.path["reader_id"]
        self._turns.use(reader_id, call.known_phone)
        _, record = self._cards.require_nhi(reader_id)
        await self._names.confirm(record, call.body.name, who=call.who, phone_id=call.phone_id)
        await self._cards.call_anew(reader_id)
        return self._slot(reader_id, call.acting)

    def _slot(self, reader_id: str, acting: Acting | None) -> Slot:
        slot = next(slot for slot in self._cards.topic().readers if slot.reader_id == reader_id)
        return slot_for(slot, acting)

    async def _release(self, call: Call[NoQuery, None]) -> None:
        self._turns.release(call.path["reader_id"], call.known_phone)

    async def _contents(self, call: Call[NoQuery, None]) -> CardContents:
        session = self._staff.live_for_phone(call.phone_id)
        if session is None:
            raise StaffRequired("the session ended meanwhile")
        reader_id = call.path["reader_id"]
        self._cards.require_nhi(reader_id)
        self._turns.use(reader_id, call.known_phone)
        result = await self._relay.run(
            reader_id, OpenCardSession(purpose="read", staff_token=session.token), owner="contents"
        )
        if result.contents is None:
            raise DataCentreGarbled("a read session without contents")
        return result.contents
