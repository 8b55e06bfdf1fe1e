"""Pairing, and the list of paired phones (ux §3.1)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Annotated

import msgspec
from msgspec import Meta

from visitbridge.api.limits import TryLimit
from visitbridge.api.qr import qr_svg
from visitbridge.api.routes import OPEN, PAIRED, AnyRoute, Call, NoQuery, Route
from visitbridge.domain.people import BoxRole
from visitbridge.errors import FieldInvalid
from visitbridge.ports.clock import Clock
from visitbridge.ports.records import PairedPhone
from visitbridge.services.pairing import TOKEN_LIFE_S, PairingDesk


class PairRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``token`` from the pairing link's fragment; ``name`` as the team will know the phone."""

    token: Annotated[str, Meta(min_length=1, max_length=64)]
    name: Annotated[str, Meta(min_length=1, max_length=40)]


class LinkQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``role``: what the next phone may do to the box; at most what the asking phone may."""

    role: BoxRole = BoxRole.USER


class PhoneView(msgspec.Struct, frozen=True, kw_only=True):
    phone_id: str
    name: str
    paired_at: dt.datetime
    used_at: dt.datetime
    role: BoxRole


class PairedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    phone_id: str
    name: str


class PairingLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link to scan with the next phone, good once."""

    url: str
    token_expires_at: dt.datetime
    qr_svg: str


def view(phone: PairedPhone, role: BoxRole) -> PhoneView:
    return PhoneView(
        phone_id=phone.phone_id,
        name=phone.name,
        paired_at=phone.paired_at,
        used_at=phone.used_at,
        role=role,
    )


class Phones:
    """``pair_url`` makes the pairing link for a token."""

    def __init__(
        self, desk: PairingDesk, clock: Clock, tries: TryLimit, *, pair_url: Callable[[str], str]
    ) -> None:
        self._desk = desk
        self._clock = clock
        self._tries = tries
        self._pair_url = pair_url

    def routes(self) -> list[AnyRoute]:
        return [
            Route(
                method="POST",
                path="/api/pair",
                summary="Pair this phone; sets its session cookie",
                access=OPEN,
                handler=self._pair,
                body=PairRequest,
                answer=PairedAnswer,
                status=201,
            ),
            Route(
                method="GET",
                path="/api/phones",
                summary="Paired phones by time of pairing",
                access=PAIRED,
                handler=self._list,
                answer=list[PhoneView],
            ),
            Route(
                method="DELETE",
                path="/api/phones/{phone_id}",
                summary="Unpair a phone; its session ends at once",
                access=PAIRED,
                handler=self._remove,
                answer=None,
            ),
            Route(
                method="POST",
                path="/api/pairing-links",
                summary="A link that pairs one more phone",
                access=PAIRED,
                handler=self._new_link,
                query=LinkQuery,
                answer=PairingLink,
                status=201,
            ),
        ]

    async def _pair(self, call: Call[NoQuery, PairRequest]) -> PairedAnswer:
        self._tries.take(call.client)
        name = " ".join(call.body.name.split())
        if not name or not name.isprintable():
            raise FieldInvalid("a phone needs a name", field="name")
        paired = await self._desk.pair(call.body.token, name)
        call.cookie = paired.cookie
        return PairedAnswer(phone_id=paired.phone.phone_id, name=paired.phone.name)

    async def _list(self, call: Call[NoQuery, None]) -> list[PhoneView]:
        return [view(phone, self._desk.role(phone.phone_id)) for phone in self._desk.phones()]

    async def _remove(self, call: Call[NoQuery, None]) -> None:
        await self._desk.remove(call.path["phone_id"], by=call.phone_id)

    async def _new_link(self, call: Call[LinkQuery, None]) -> PairingLink:
        url = self._pair_url(self._desk.mint_token_for_other(call.query.role, by=call.phone_id))
        expires_at = self._clock.now() + dt.timedelta(seconds=TOKEN_LIFE_S)
        return PairingLink(url=url, token_expires_at=expires_at, qr_svg=qr_svg(url))
