"""The box and its institution: binding and the security module (B05-B12, E01-E04)."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from visitbridge.api.routes import (
    PAIRED,
    PHOTO_LIMIT_BYTES,
    PHOTO_TYPES,
    TECHNICIAN,
    AnyRoute,
    Call,
    NoQuery,
    Route,
)
from visitbridge.ports.imaging import CodeReader
from visitbridge.services.binding import Binding
from visitbridge.services.safekeeping import Safekeeping
from visitbridge.services.topics import BoxTopic


class BindBox(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``ticket`` is the text of QR-2; ``pin`` the registration number as text, because leading zeros matter."""

    ticket: Annotated[str, Meta(min_length=1, max_length=8000)]
    pin: Annotated[str, Meta(min_length=1, max_length=16)]
    name: Annotated[str, Meta(min_length=1, max_length=80)]


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    ticket: str


class Box:
    def __init__(self, binding: Binding, codes: CodeReader, safekeeping: Safekeeping) -> None:
        self._safekeeping = safekeeping
        self._binding = binding
        self._codes = codes

    def routes(self) -> list[AnyRoute]:
        return [
            Route(
                method="GET",
                path="/api/box",
                summary="What the box knows of itself",
                access=PAIRED,
                handler=self._get,
                answer=BoxTopic,
            ),
            Route(
                method="POST",
                path="/api/box/binding",
                summary="Bind the box to an institution with QR-2 and its registration number",
                access=TECHNICIAN,
                handler=self._bind,
                body=BindBox,
                answer=BoxTopic,
            ),
            Route(
                method="POST",
                path="/api/box/binding/photo",
                summary="Read QR-2 from a photo",
                access=TECHNICIAN,
                handler=self._read_photo,
                body=bytes,
                consumes=PHOTO_TYPES,
                limit_bytes=PHOTO_LIMIT_BYTES,
                answer=Ticket,
            ),
            Route(
                method="POST",
                path="/api/box/rescue/seen",
                summary="The restored backup has been taken care of; the damaged file stays",
                access=TECHNICIAN,
                handler=self._rescue_seen,
                answer=None,
            ),
            Route(
                method="POST",
                path="/api/box/sam/verify",
                summary="Verify the cloud security module for today",
                access=PAIRED,
                handler=self._verify_sam,
                answer=BoxTopic,
            ),
        ]

    async def _get(self, call: Call[NoQuery, None]) -> BoxTopic:
        return self._binding.topic()

    async def _bind(self, call: Call[NoQuery, BindBox]) -> BoxTopic:
        body = call.body
        await self._binding.bind(body.ticket, body.pin, body.name, phone_id=call.phone_id)
        return self._binding.topic()

    async def _read_photo(self, call: Call[NoQuery, bytes]) -> Ticket:
        return Ticket(ticket=await self._codes.read_code(call.body))

    async def _verify_sam(self, call: Call[NoQuery, None]) -> BoxTopic:
        await self._binding.verify_sam()
        return self._binding.topic()

    async def _rescue_seen(self, call: Call[NoQuery, None]) -> None:
        await self._safekeeping.seen(phone_id=call.phone_id)
