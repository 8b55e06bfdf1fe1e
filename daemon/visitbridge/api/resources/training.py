"""The door between the box and its training rooms (ux §3.9, T08)."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from aiohttp import web

from visitbridge.api.routes import KNOWN, PAIRED, TECHNICIAN, AnyRoute, Call, NoQuery, RawRoute, Route
from visitbridge.api.training_cookie import let_in, let_out
from visitbridge.domain.people import BoxRole
from visitbridge.errors import CardInHand, NotPaired, TrainingClosed
from visitbridge.ports.records import PairedPhone
from visitbridge.ports.training import RoomsPhase, TrainingRooms


class TrainingView(msgspec.Struct, frozen=True, kw_only=True):
    """``offered``: this box may open training rooms. ``failed``: they ended, or did not open, by themselves."""

    offered: bool
    phase: RoomsPhase
    failed: bool


class CloseOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``keep``: what was practised is there again the next time; else it is deleted."""

    keep: bool = False


class Training:
    """``rooms`` None: this box offers none. ``card_in_hand``: the box has a card session under way.

    ``gone_in`` is told of each phone that goes in or comes out, so that its other pages look again.
    """

    def __init__(
        self,
        rooms: TrainingRooms | None,
        *,
        role: Callable[[str], BoxRole],
        card_in_hand: Callable[[], bool],
        gone_in: Callable[[str], None],
    ) -> None:
        self._rooms = rooms
        self._role = role
        self._card_in_hand = card_in_hand
        self._gone_in = gone_in

    def routes(self) -> list[AnyRoute]:
        return [
            Route(
                method="GET",
                path="/api/training",
                summary="Whether the training rooms are open",
                access=PAIRED,
                handler=self._look,
                answer=TrainingView,
            ),
            Route(
                method="POST",
                path="/api/training",
                summary="Open the training rooms; it takes a while",
                access=TECHNICIAN,
                handler=self._open,
                answer=TrainingView,
            ),
            Route(
                method="POST",
                path="/api/training/close",
                summary="Close the training rooms and delete what was practised, unless it is kept",
                access=TECHNICIAN,
                handler=self._close,
                body=CloseOrder,
                answer=TrainingView,
            ),
            RawRoute(
                method="POST",
                path="/api/training/enter",
                summary="Go into the training rooms with this phone; sets a cookie of theirs",
                access=PAIRED,
                produces="application/json",
                handler=self._enter,
            ),
            RawRoute(
                method="POST",
                path="/api/training/leave",
                summary="Come out of the training rooms with this phone",
                access=KNOWN,
                produces="application/json",
                handler=self._leave,
            ),
        ]

    async def _look(self, call: Call[NoQuery, None]) -> TrainingView:
        return self._view()

    async def _open(self, call: Call[NoQuery, None]) -> TrainingView:
        self._require().open()
        return self._view()

    async def _close(self, call: Call[NoQuery, CloseOrder]) -> TrainingView:
        self._require().close(keep=call.body.keep)
        return self._view()

    async def _enter(self, request: web.Request, phone: PairedPhone | None) -> web.StreamResponse:
        if phone is None:
            raise NotPaired("the rooms are for paired phones")
        rooms = self._require()
        if self._card_in_hand():
            raise CardInHand("a card session is under way")
        session = await rooms.admit(phone.phone_id, phone.name, self._role(phone.phone_id))
        response = web.json_response({})
        let_in(response, session)
        self._gone_in(phone.phone_id)
        return response

    async def _leave(self, request: web.Request, phone: PairedPhone | None) -> web.StreamResponse:
        response = web.json_response({})
        let_out(response)
        return response

    def _require(self) -> TrainingRooms:
        if self._rooms is None:
            raise TrainingClosed("this box offers no training rooms")
        return self._rooms

    def _view(self) -> TrainingView:
        if self._rooms is None:
            return TrainingView(offered=False, phase=RoomsPhase.CLOSED, failed=False)
        return TrainingView(offered=True, phase=self._rooms.phase, failed=self._rooms.has_failed)
