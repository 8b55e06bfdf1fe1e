"""Pairing a phone: a link, a name, and a proof of presence (ux §3.1).

A pairing token is 128 random bits, good for one phone and for ten minutes; it travels in a URL's fragment, which no
server sees. Who has it may ask to be paired; what is asked is settled by ``presence``, or by a health-professional
card in the box. Only then is anything stored.
"""

from __future__ import annotations

import hashlib
import math
import secrets

import msgspec

from visitbridge.domain.ids import new_id
from visitbridge.domain.people import BoxRole
from visitbridge.errors import PairingRefused, RoleMissing, StoreError
from visitbridge.ports.clock import Clock
from visitbridge.services.phones import Opened, PhoneDesk
from visitbridge.services.presence import Asked, PresenceDesk, Purpose, Question

TOKEN_LIFE_S = 600.0
_TOKENS_AT_ONCE = 16


class _Token(msgspec.Struct, frozen=True, kw_only=True):
    """``ends_s`` on the monotonic clock. ``phone_id``: of the phone that it would pair."""

    ends_s: float
    role: BoxRole
    phone_id: str


class PairingDesk:
    """Hands out tokens, and turns one into a paired phone. ``phones`` knows those that are paired.

    ``label_digest``: SHA-256 (hex) of the token on the box's label; empty for a box without one.
    """

    def __init__(
        self, phones: PhoneDesk, presence: PresenceDesk, clock: Clock, *, label_digest: str = ""
    ) -> None:
        self._phones = phones
        self._presence = presence
        self._clock = clock
        self._label_digest = label_digest
        self._tokens: dict[str, _Token] = {}
        self._asking: dict[str, str] = {}
        presence.when_refused(self._refused)

    def mint_token(self, role: BoxRole = BoxRole.USER) -> str:
        """A new pairing token for a phone in ``role``; the oldest one goes when too many are out."""
        now_s = self._clock.monotonic()
        self._tokens = {digest: token for digest, token in self._tokens.items() if token.ends_s > now_s}
        while len(self._tokens) >= _TOKENS_AT_ONCE:
            del self._tokens[next(iter(self._tokens))]
        self._asking = {phone: token for phone, token in self._asking.items() if token in self._tokens}
        token = secrets.token_urlsafe(16)
        self._tokens[_digest(token)] = _Token(
            ends_s=now_s + TOKEN_LIFE_S, role=role, phone_id=new_id(self._clock.now())
        )
        return token

    def mint_token_for_other(self, role: BoxRole, *, by: str) -> str:
        """A token that one phone asks for another. Nobody grants more than the own role: RoleMissing."""
        if not self._phones.role(by).covers(role):
            raise RoleMissing("a phone grants at most its own role", params={"role": role.value})
        return self.mint_token(role)

    def is_good(self, token: str) -> bool:
        """Whether a phone may still ask with it."""
        digest = _digest(token)
        if digest == self._label_digest:
            return not self._phones.ever_paired
        found = self._tokens.get(digest)
        return found is not None and found.ends_s > self._clock.monotonic()

    def ask(self, token: str, name: str) -> Asked:
        """Ask to be paired as ``name``. Asking again with the same token takes the place of the first time: an answer may
        be lost. Raises PairingRefused for a token that is unknown, used or expired.
        """
        if not self.is_good(token):
            raise PairingRefused("token unknown, used or expired")
        digest = _digest(token)
        if digest == self._label_digest:
            self._tokens.setdefault(digest, self._token_of_label())
        found = self._tokens[digest]
        self._asking[found.phone_id] = digest
        asked = self._presence.ask(Purpose.PAIR, name=name, role=found.role, phone_id=found.phone_id)
        if digest != self._label_digest:
            return asked
        # What is printed on the box is read by whoever holds the box.
        code = next(each.code for each in self._presence.for_console() if each.question == asked.question)
        return msgspec.structs.replace(asked, code=code)

    async def confirm(self, secret: str, code: str) -> Opened:
        """Pair the asking phone, which brings the code it was shown. When the store fails it may try again.

        Raises PairingRefused, CodeWrong.
        """
        return await self.complete(self._presence.check(secret, code).question)

    async def complete(self, question: Question) -> Opened:
        """Pair the phone of a proven request. Raises PairingRefused when its token is gone."""
        phone_id = question.phone_id
        digest = self._asking.pop(phone_id, "")
        token = self._tokens.pop(digest, None)
        late = digest == self._label_digest and self._phones.ever_paired
        if token is None or late or question.purpose is not Purpose.PAIR:
            raise PairingRefused("the link is used or expired")
        try:
            opened = await self._phones.add(phone_id, question.name, token.role)
        except StoreError:
            self._tokens[digest], self._asking[phone_id] = token, digest
            raise
        self._presence.close(question)
        return opened

    def _token_of_label(self) -> _Token:
        """It pairs the first phone of a box, and is worth nothing from then on."""
        return _Token(ends_s=math.inf, role=BoxRole.TECHNICIAN, phone_id=new_id(self._clock.now()))

    def _refused(self, phone_id: str) -> None:
        """The link of a refused phone is worth nothing any more."""
        self._tokens.pop(self._asking.pop(phone_id, ""), None)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
