"""The list of paired phones, and this phone's own session: locked, unlocked, kept (ux §3.1, limits §5)."""

from __future__ import annotations

import datetime as dt

import msgspec

from visitbridge.api.digits import SecretDigits, take_digits
from visitbridge.api.limits import TryLimit
from visitbridge.api.resources.pairing import AllowedAnswer, ProofByCode, RequestAnswer, answer_to
from visitbridge.api.routes import KNOWN, PAIRED, PROVEN, AnyRoute, Call, NoQuery, Route
from visitbridge.domain.people import BoxRole
from visitbridge.domain.phones import PhoneState
from visitbridge.errors import PairingRefused
from visitbridge.ports.records import PairedPhone
from visitbridge.services.phones import PhoneDesk
from visitbridge.services.presence import PresenceDesk, Purpose


class PhoneView(msgspec.Struct, frozen=True, kw_only=True):
    phone_id: str
    name: str
    paired_at: dt.datetime
    used_at: dt.datetime
    role: BoxRole


class UnlockByCode(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``code``: the 6 to 12 digits that this phone's person chose."""

    code: SecretDigits


def view(phone: PairedPhone, role: BoxRole) -> PhoneView:
    return PhoneView(
        phone_id=phone.phone_id,
        name=phone.name,
        paired_at=phone.paired_at,
        used_at=phone.used_at,
        role=role,
    )


class Phones:
    """``asks`` limits, by phone, how often a locked one may ask the others to open it."""

    def __init__(self, desk: PhoneDesk, presence: PresenceDesk, asks: TryLimit) -> None:
        self._desk = desk
        self._presence = presence
        self._asks = asks

    def routes(self) -> list[AnyRoute]:
        return [
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
                access=PROVEN,
                handler=self._remove,
                answer=None,
            ),
            Route(
                method="POST",
                path="/api/presence/{request_id}/allow",
                summary="Show the code for a phone that asks to be paired or opened",
                access=PAIRED,
                handler=self._allow,
                answer=AllowedAnswer,
            ),
            Route(
                method="POST",
                path="/api/presence/{request_id}/refuse",
                summary="Refuse a phone that asks; its link is worth nothing any more",
                access=PAIRED,
                handler=self._refuse,
                answer=None,
            ),
            Route(
                method="POST",
                path="/api/phone/use",
                summary="A person is at this phone: it does not lock for a while",
                access=PAIRED,
                handler=self._use,
                answer=None,
            ),
            Route(
                method="POST",
                path="/api/phone/lock",
                summary="Lock this phone now",
                access=PAIRED,
                handler=self._lock,
                answer=None,
            ),
            Route(
                method="PUT",
                path="/api/phone/code",
                summary="Choose the code that unlocks this phone",
                access=PROVEN,
                handler=self._set_code,
                body=UnlockByCode,
                answer=None,
            ),
            Route(
                method="POST",
                path="/api/phone/unlock",
                summary="Unlock this phone by its code, or prove who holds it; sets a new cookie",
                access=KNOWN,
                handler=self._unlock,
                body=UnlockByCode,
                answer=None,
            ),
            Route(
                method="POST",
                path="/api/phone/ask",
                summary="Ask the other phones, or whoever is at the box, to open this phone or to confirm its person",
                access=KNOWN,
                handler=self._ask,
                answer=RequestAnswer,
                status=201,
            ),
            Route(
                method="POST",
                path="/api/phone/open",
                summary="Open this phone by the code that is shown elsewhere; sets a new cookie",
                access=KNOWN,
                handler=self._open,
                body=ProofByCode,
                answer=None,
            ),
        ]

    async def _list(self, call: Call[NoQuery, None]) -> list[PhoneView]:
        return [view(phone, self._desk.role(phone.phone_id)) for phone in self._desk.phones()]

    async def _remove(self, call: Call[NoQuery, None]) -> None:
        await self._desk.remove(call.path["phone_id"], by=call.phone_id)

    async def _allow(self, call: Call[NoQuery, None]) -> AllowedAnswer:
        code = await self._presence.allow(
            call.path["request_id"],
            by=call.phone_id,
            role=self._desk.role(call.phone_id),
            proven=self._desk.is_proven(call.phone_id),
        )
        return AllowedAnswer(code=code)

    async def _refuse(self, call: Call[NoQuery, None]) -> None:
        await self._presence.refuse(call.path["request_id"], by=call.phone_id)

    async def _use(self, call: Call[NoQuery, None]) -> None:
        """Nothing more to do: every call that changes something counts as use."""

    async def _lock(self, call: Call[NoQuery, None]) -> None:
        await self._desk.lock(call.phone_id)

    async def _set_code(self, call: Call[NoQuery, UnlockByCode]) -> None:
        await self._desk.set_code(call.phone_id, take_digits(call.body.code, field="code"))

    async def _unlock(self, call: Call[NoQuery, UnlockByCode]) -> None:
        digits = take_digits(call.body.code, field="code")
        call.cookie = await self._desk.unlock(call.known_phone, digits)

    async def _ask(self, call: Call[NoQuery, None]) -> RequestAnswer:
        self._asks.take(call.phone_id)
        phone = call.known_phone
        role = self._desk.role(phone.phone_id)
        is_open = self._desk.state(phone) is PhoneState.OPEN
        purpose = Purpose.CONFIRM if is_open else Purpose.OPEN
        return answer_to(self._presence.ask(purpose, name=phone.name, role=role, phone_id=phone.phone_id))

    async def _open(self, call: Call[NoQuery, ProofByCode]) -> None:
        proof = self._presence.check(call.body.request, call.body.code)
        if proof.phone_id != call.phone_id:
            raise PairingRefused("the request of another phone")
        call.cookie = await self._desk.open(call.known_phone, why="allowed", proven=proof.proven)
        self._presence.close(proof.question)
