"""Hand-off: unsent uploads as a sealed file (beyond #17)."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from visitbridge.api.routes import TECHNICIAN, AnyRoute, Call, NoQuery, Route, reduced
from visitbridge.domain.people import Right
from visitbridge.services.outbox.handoff import HandoffDesk


class HandoffFile(msgspec.Struct, frozen=True, kw_only=True):
    """``content``: the file in base64, readable by the data centre only. ``left``: waiting items not in it."""

    handoff_id: str
    name: str
    content: bytes
    items: int
    left: int


class HandedOff(msgspec.Struct, frozen=True, kw_only=True):
    """``items`` were handed off; what was sent or changed since the file was made is not among them."""

    items: int


class HandoffsWaiting(msgspec.Struct, frozen=True, kw_only=True):
    """``waiting``: items handed off that have no answer of the data centre yet. ``has_key``: the data centre told a key that a
    file can be sealed to.
    """

    waiting: int
    has_key: bool


class TakenBack(msgspec.Struct, frozen=True, kw_only=True):
    """``items`` came back and are sent from here; what had an answer by then is not among them."""

    items: int


class Handoffs:
    """``has_key``: see :class:`HandoffsWaiting`."""

    def __init__(self, desk: HandoffDesk, *, has_key: Callable[[], bool]) -> None:
        self._desk = desk
        self._has_key = has_key

    def routes(self) -> list[AnyRoute]:
        return [
            Route(
                method="GET",
                path="/api/handoffs",
                summary="How many handed-off items wait for the data centre's answer",
                access=reduced(Right.VISITS),
                handler=self._list,
                answer=HandoffsWaiting,
            ),
            Route(
                method="POST",
                path="/api/handoffs",
                summary="Seal what waits to be sent into a file; nothing changes until it is confirmed",
                access=TECHNICIAN,
                handler=self._export,
                answer=HandoffFile,
            ),
            Route(
                method="POST",
                path="/api/handoffs/{handoff_id}/confirm",
                summary="The file is in safe hands: its items wait for the data centre's receipts",
                access=TECHNICIAN,
                handler=self._confirm,
                answer=HandedOff,
            ),
            Route(
                method="POST",
                path="/api/handoffs/take-back",
                summary="The file was lost: send from here again what has no answer of the data centre",
                access=TECHNICIAN,
                handler=self._take_back,
                answer=TakenBack,
            ),
        ]

    async def _list(self, call: Call[NoQuery, None]) -> HandoffsWaiting:
        return HandoffsWaiting(waiting=await self._desk.waiting(), has_key=self._has_key())

    async def _export(self, call: Call[NoQuery, None]) -> HandoffFile:
        file = await self._desk.export(phone_id=call.phone_id)
        return HandoffFile(
            handoff_id=file.handoff_id,
            name=f"visitbridge-{file.handoff_id}.handoff",
            content=file.content,
            items=file.items,
            left=file.left,
        )

    async def _confirm(self, call: Call[NoQuery, None]) -> HandedOff:
        return HandedOff(items=await self._desk.confirm(call.path["handoff_id"], phone_id=call.phone_id))

    async def _take_back(self, call: Call[NoQuery, None]) -> TakenBack:
        return TakenBack(items=await self._desk.take_back(phone_id=call.phone_id))
