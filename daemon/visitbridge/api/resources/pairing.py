"""Pairing a phone: ask with the link's token, bring a proof of presence, be paired (ux §3.1)."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import Callable, Iterator
from typing import Annotated, Protocol

import msgspec
from msgspec import Meta

from visitbridge.api.digits import SecretDigits, take_digits
from visitbridge.api.limits import TryLimit
from visitbridge.api.qr import qr_svg
from visitbridge.api.routes import OPEN, PROVEN, AnyRoute, Call, NoQuery, Route
from visitbridge.domain.people import BoxRole
from visitbridge.errors import FieldInvalid, PairingRefused, PinBlocked, PinWrong, VisitBridgeError
from visitbridge.ports.clock import Clock
from visitbridge.ports.records import StaffSessionRow
from visitbridge.services.pairing import TOKEN_LIFE_S, PairingDesk
from visitbridge.services.phones import Opened
from visitbridge.services.presence import Asked, PresenceDesk, Question

Secret = Annotated[str, Meta(min_length=1, max_length=64)]


class PairRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``token`` from the pairing link's fragment; ``name`` as the team will know the phone."""

    token: Secret
    name: Annotated[str, Meta(min_length=1, max_length=40)]


class RequestAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """``request`` is a secret of the asking phone; it brings it back with its proof.

    ``code``: the proof itself, where the link was that of the box's label; else empty.
    """

    request: str
    expires_at: dt.datetime
    code: str = ""


class LookRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    request: Secret


class RequestState(msgspec.Struct, frozen=True, kw_only=True):
    """``allowed``: another phone shows the code now."""

    allowed: bool
    expires_at: dt.datetime


class ProofByCode(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``code``: six digits that another phone or the box's console shows."""

    request: Secret
    code: Annotated[str, Meta(pattern=r"^[0-9]{6}$")]


class ProofByCard(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``pin`` of the health-professional card that is in a reader of the box."""

    request: Secret
    pin: SecretDigits


class PairedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    phone_id: str
    name: str


class AllowedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """``code``: to be typed on the asking phone."""

    code: str


class LinkQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``role``: what the next phone may do to the box; at most what the asking phone may."""

    role: BoxRole = BoxRole.USER


class PairingLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link to scan with the next phone, good once."""

    url: str
    token_expires_at: dt.datetime
    qr_svg: str


class CardSignIn(Protocol):
    """The part of ``services.staff.StaffDesk`` that pairing by a card needs."""

    async def sign_in_anywhere(self, pin: bytearray, phone_id: str) -> StaffSessionRow: ...

    async def end(self, session_id: str, phone_id: str = "") -> None: ...


class Pairing:
    """``pair_url`` makes the pairing link for a token. ``tries`` counts what leads nowhere, by address: who has a good
    token or request is never held up by somebody who guesses.
    """

    def __init__(
        self,
        desk: PairingDesk,
        presence: PresenceDesk,
        staff: CardSignIn,
        clock: Clock,
        tries: TryLimit,
        *,
        pair_url: Callable[[str], str],
    ) -> None:
        self._desk = desk
        self._presence = presence
        self._staff = staff
        self._clock = clock
        self._tries = tries
        self._pair_url = pair_url
        self._card_turn = asyncio.Lock()

    def routes(self) -> list[AnyRoute]:
        return [
            Route(
                method="POST",
                path="/api/pair",
                summary="Ask to pair this phone, with the token of a pairing link",
                access=OPEN,
                handler=self._ask,
                body=PairRequest,
                answer=RequestAnswer,
                status=201,
            ),
            Route(
                method="POST",
                path="/api/pair/look",
                summary="How far a request to be paired is; refused once somebody refused it",
                access=OPEN,
                handler=self._look,
                body=LookRequest,
                answer=RequestState,
            ),
            Route(
                method="POST",
                path="/api/pair/confirm",
                summary="Pair this phone by the code that is shown elsewhere; sets its cookie",
                access=OPEN,
                handler=self._confirm,
                body=ProofByCode,
                answer=PairedAnswer,
                status=201,
            ),
            Route(
                method="POST",
                path="/api/pair/card",
                summary="Pair this phone by a health-professional card in the box; sets its cookie, signs in",
                access=OPEN,
                handler=self._by_card,
                body=ProofByCard,
                answer=PairedAnswer,
                status=201,
            ),
            Route(
                method="POST",
                path="/api/pairing-links",
                summary="A link with which one more phone may ask to be paired",
                access=PROVEN,
                handler=self._new_link,
                query=LinkQuery,
                answer=PairingLink,
                status=201,
            ),
        ]

    async def _ask(self, call: Call[NoQuery, PairRequest]) -> RequestAnswer:
        with self._counted(call.client):
            if not self._desk.is_good(call.body.token):
                raise PairingRefused("token unknown, used or expired")
        name = " ".join(call.body.name.split())
        if not name or not name.isprintable():
            raise FieldInvalid("a phone needs a name", field="name")
        return answer_to(self._desk.ask(call.body.token, name))

    async def _look(self, call: Call[NoQuery, LookRequest]) -> RequestState:
        with self._counted(call.client):
            question = self._presence.look(call.body.request)
        return RequestState(allowed=bool(question.allowed_by), expires_at=question.expires_at)

    async def _confirm(self, call: Call[NoQuery, ProofByCode]) -> PairedAnswer:
        with self._counted(call.client):
            return _take(call, await self._desk.confirm(call.body.request, call.body.code))

    async def _by_card(self, call: Call[NoQuery, ProofByCard]) -> PairedAnswer:
        """A PIN is tried once for a request, so that a link in wrong hands cannot block a card: who comes while one is
        tried waits, and finds the request as that left it.
        """
        self._find(call)
        async with self._card_turn:
            question = self._find(call)
            pin = take_digits(call.body.pin, field="pin")
            try:
                session = await self._staff.sign_in_anywhere(pin, question.phone_id)
            except (PinWrong, PinBlocked):
                self._presence.spoil(question)
                raise
            try:
                return _take(call, await self._desk.complete(question))
            except VisitBridgeError:
                await self._staff.end(session.session_id)
                raise

    def _find(self, call: Call[NoQuery, ProofByCard]) -> Question:
        with self._counted(call.client):
            return self._presence.find(call.body.request)

    async def _new_link(self, call: Call[LinkQuery, None]) -> PairingLink:
        url = self._pair_url(self._desk.mint_token_for_other(call.query.role, by=call.phone_id))
        expires_at = self._clock.now() + dt.timedelta(seconds=TOKEN_LIFE_S)
        return PairingLink(url=url, token_expires_at=expires_at, qr_svg=qr_svg(url))

    @contextlib.contextmanager
    def _counted(self, client: str) -> Iterator[None]:
        """Raises TooManyTries in place of a refusal when this address has had too many of them."""
        try:
            yield
        except PairingRefused:
            self._tries.take(client)
            raise


def answer_to(asked: Asked) -> RequestAnswer:
    return RequestAnswer(request=asked.secret, expires_at=asked.question.expires_at, code=asked.code)


def _take(call: Call[NoQuery, ProofByCode] | Call[NoQuery, ProofByCard], opened: Opened) -> PairedAnswer:
    call.cookie = opened.cookie
    return PairedAnswer(phone_id=opened.phone.phone_id, name=opened.phone.name)
