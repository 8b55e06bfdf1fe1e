"""Staff sessions: sign in with card and PIN, switch, end (F01-F09)."""

from __future__ import annotations

import re
from typing import Annotated

import msgspec
from msgspec import Meta

from visitbridge.api.routes import PAIRED, AnyRoute, Call, NoQuery, Route
from visitbridge.errors import FieldInvalid
from visitbridge.services.staff import StaffDesk, view
from visitbridge.services.topics import StaffSessionView

_PIN = re.compile(rb'"([0-9]{4,12})"')


class SignIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``pin`` stays raw: a view into the request's buffer, which is wiped after the call."""

    reader_id: Annotated[str, Meta(min_length=1, max_length=128)]
    pin: Annotated[
        msgspec.Raw,
        Meta(extra_json_schema={"type": "string", "pattern": "^[0-9]{4,12}$", "writeOnly": True}),
    ]


class Staff:
    def __init__(self, desk: StaffDesk) -> None:
        self._desk = desk

    def routes(self) -> list[AnyRoute]:
        return [
            Route(
                method="POST",
                path="/api/staff/sessions",
                summary="Verify the health-professional card in a reader by its PIN",
                access=PAIRED,
                handler=self._sign_in,
                body=SignIn,
                answer=StaffSessionView,
                status=201,
            ),
            Route(
                method="GET",
                path="/api/staff/sessions",
                summary="Live staff sessions of this box",
                access=PAIRED,
                handler=self._list,
                answer=list[StaffSessionView],
            ),
            Route(
                method="DELETE",
                path="/api/staff/sessions/{session_id}",
                summary="End a staff session",
                access=PAIRED,
                handler=self._end,
                answer=None,
            ),
            Route(
                method="POST",
                path="/api/staff/sessions/{session_id}/use",
                summary="Work under another session that was opened from this phone",
                access=PAIRED,
                handler=self._use,
                answer=StaffSessionView,
            ),
        ]

    async def _sign_in(self, call: Call[NoQuery, SignIn]) -> StaffSessionView:
        pin = _digits(call.body.pin)
        return view(await self._desk.sign_in(call.body.reader_id, pin, call.phone_id))

    async def _list(self, call: Call[NoQuery, None]) -> list[StaffSessionView]:
        return [view(row) for row in self._desk.sessions()]

    async def _end(self, call: Call[NoQuery, None]) -> None:
        await self._desk.end(call.path["session_id"], call.phone_id)

    async def _use(self, call: Call[NoQuery, None]) -> StaffSessionView:
        return view(await self._desk.use(call.path["session_id"], call.phone_id))


def _digits(raw: msgspec.Raw) -> bytearray:
    """The PIN in a buffer of its own that can be wiped; no ``str`` or ``bytes`` of it is made."""
    text = memoryview(raw)
    if _PIN.fullmatch(text) is None:
        raise FieldInvalid("a PIN is 4 to 12 digits as text", field="pin")
    return bytearray(text[1:-1])
