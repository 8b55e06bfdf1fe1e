"""The box's own lock: what it waits for after a start, and what may open it (decision 0022)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from visitbridge.api.digits import take_digits
from visitbridge.api.limits import TryLimit
from visitbridge.api.resources.visits import Turns
from visitbridge.api.routes import OPEN, PROVEN_TECHNICIAN, TECHNICIAN, AnyRoute, Call, NoQuery, Route
from visitbridge.services.locking import LockDesk, LockSettings, UnlockDesk

Phrase = Annotated[str, Meta(min_length=1, max_length=512, extra_json_schema={"writeOnly": True})]
Pin = Annotated[
    msgspec.Raw, Meta(extra_json_schema={"type": "string", "pattern": "^[0-9]{4,12}$", "writeOnly": True})
]
ReaderId = Annotated[str, Meta(min_length=1, max_length=128)]


class LockView(msgspec.Struct, frozen=True, kw_only=True):
    """What anybody may know. ``readers``: those with a health-professional card that could be tried, while locked."""

    state: Literal["open", "locked", "erased"]
    takes_cards: bool = False
    readers: tuple[str, ...] = ()
    erased_at: dt.datetime | None = None
    erased_why: str = ""


class GivePhrase(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    phrase: Phrase


class SetPhrase(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``phrase``: 12 to 128 characters. ``former``: the one that it replaces, if there is one."""

    phrase: Phrase
    former: Annotated[str, Meta(max_length=512, extra_json_schema={"writeOnly": True})] = ""


class UseCard(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``pin`` stays raw: a view into the request's buffer, which is wiped after the call."""

    reader_id: ReaderId
    pin: Pin


class LockState:
    """``GET /api/lock``, which every box answers to everybody: a page must know what to show before it is paired."""

    def __init__(self, view: Callable[[], LockView]) -> None:
        self._view = view

    def routes(self) -> list[AnyRoute]:
        return [
            Route(
                method="GET",
                path="/api/lock",
                summary="Whether the box is open, waits to be opened, or was erased",
                access=OPEN,
                handler=self._get,
                answer=LockView,
            )
        ]

    async def _get(self, call: Call[NoQuery, None]) -> LockView:
        return self._view()


class Lock:
    """How an open box is opened after its next start."""

    def __init__(self, desk: LockDesk, turns: Turns) -> None:
        self._desk = desk
        self._turns = turns

    def routes(self) -> list[AnyRoute]:
        return [
            *LockState(lambda: LockView(state="open")).routes(),
            Route(
                method="GET",
                path="/api/lock/settings",
                summary="Whether the box starts locked, and whether a card can open it",
                access=TECHNICIAN,
                handler=self._settings,
                answer=LockSettings,
            ),
            Route(
                method="PUT",
                path="/api/lock/phrase",
                summary="Start locked from now on, until this pass-phrase is given",
                access=PROVEN_TECHNICIAN,
                handler=self._set_phrase,
                body=SetPhrase,
                answer=LockSettings,
            ),
            Route(
                method="POST",
                path="/api/lock/remove",
                summary="Open by itself at every start again; pass-phrase and cards are forgotten",
                access=PROVEN_TECHNICIAN,
                handler=self._remove,
                body=GivePhrase,
                answer=LockSettings,
            ),
            Route(
                method="POST",
                path="/api/lock/cards",
                summary="Let the health-professional card in a reader open the box, too",
                access=PROVEN_TECHNICIAN,
                handler=self._add_card,
                body=UseCard,
                answer=LockSettings,
            ),
            Route(
                method="DELETE",
                path="/api/lock/cards",
                summary="Let no card open the box any more",
                access=PROVEN_TECHNICIAN,
                handler=self._forget_cards,
                answer=LockSettings,
            ),
        ]

    async def _settings(self, call: Call[NoQuery, None]) -> LockSettings:
        return self._desk.settings()

    async def _set_phrase(self, call: Call[NoQuery, SetPhrase]) -> LockSettings:
        await self._desk.set_phrase(call.body.phrase, former=call.body.former, phone_id=call.phone_id)
        return self._desk.settings()

    async def _remove(self, call: Call[NoQuery, GivePhrase]) -> LockSettings:
        await self._desk.remove(former=call.body.phrase, phone_id=call.phone_id)
        return self._desk.settings()

    async def _add_card(self, call: Call[NoQuery, UseCard]) -> LockSettings:
        self._turns.use(call.body.reader_id, call.known_phone)
        pin = take_digits(call.body.pin, field="pin")
        await self._desk.add_card(call.body.reader_id, pin, phone_id=call.phone_id)
        return self._desk.settings()

    async def _forget_cards(self, call: Call[NoQuery, None]) -> LockSettings:
        await self._desk.forget_cards(phone_id=call.phone_id)
        return self._desk.settings()


class Unlocking:
    """The only writes of a locked box. Open to whoever reaches it, so limited by address before anything is tried."""

    def __init__(self, desk: UnlockDesk, limit: TryLimit) -> None:
        self._desk = desk
        self._limit = limit

    def routes(self) -> list[AnyRoute]:
        return [
            *LockState(self._view).routes(),
            Route(
                method="POST",
                path="/api/lock/open-by-phrase",
                summary="Open the box by its pass-phrase",
                access=OPEN,
                handler=self._by_phrase,
                body=GivePhrase,
                answer=None,
            ),
            Route(
                method="POST",
                path="/api/lock/open-by-card",
                summary="Open the box by a registered health-professional card and its PIN",
                access=OPEN,
                handler=self._by_card,
                body=UseCard,
                answer=None,
            ),
        ]

    def _view(self) -> LockView:
        readers = self._desk.readers() if self._desk.takes_cards else ()
        return LockView(state="locked", takes_cards=self._desk.takes_cards, readers=readers)

    async def _by_phrase(self, call: Call[NoQuery, GivePhrase]) -> None:
        self._limit.take(call.client)
        await self._desk.by_phrase(call.body.phrase)

    async def _by_card(self, call: Call[NoQuery, UseCard]) -> None:
        pin = take_digits(call.body.pin, field="pin")
        self._limit.take(call.client)
        await self._desk.by_card(call.body.reader_id, pin)
