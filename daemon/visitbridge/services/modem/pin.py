"""The SIM's PIN: tries counted first, and a wrong one never sent twice, not even after a restart."""

from __future__ import annotations

import enum
import hashlib
import re
import secrets

import msgspec

from visitbridge.errors import SimPinRefused
from visitbridge.ports.modem import ModemSession
from visitbridge.ports.store import Store

_SETTING = "modem.pin_sent"
_FORM = re.compile(r"[0-9]{4,8}", re.ASCII)
"""ETSI TS 102 221 §9.5.1: four to eight decimal digits."""

_LEAST_TRIES = 2
"""With one try left a mistake would lock the SIM; a person has to decide about that one."""


class PinOutcome(enum.StrEnum):
    """``NONE``: no PIN is configured. ``REFUSED``: this one was wrong before, or is none that a SIM can have.
    ``TOO_FEW``: tries left.
    """

    ENTERED = "entered"
    NONE = "none"
    REFUSED = "refused"
    TOO_FEW = "too_few"


class _Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A PIN that was sent with ``tries`` left and is not known to be right.

    ``refused`` False: the answer never came. It is then wrong exactly if a try is gone. The digest is keyed,
    only to know another PIN in the configuration from this one.
    """

    salt: str
    digest: str
    tries: int
    refused: bool

    def forbids(self, pin: str, tries: int) -> bool:
        """Whether ``pin`` must not be sent again now that ``tries`` are left."""
        same = secrets.compare_digest(self.digest, _digest(self.salt, pin))
        return same and (self.refused or tries < self.tries)


class SimPin:
    """``pin`` is provisioning data; empty when the SIM has none or nobody gave it."""

    def __init__(self, store: Store, pin: str) -> None:
        self._store = store
        self._pin = pin

    async def enter(self, session: ModemSession) -> PinOutcome:
        """Send the PIN if that is safe. Raises what the session raises, SimPinRefused excepted."""
        if not self._pin:
            return PinOutcome.NONE
        if not _FORM.fullmatch(self._pin):
            return PinOutcome.REFUSED
        tries = await session.pin_tries()
        if tries is None or tries < _LEAST_TRIES:
            return PinOutcome.TOO_FEW
        sent = await self._sent()
        if sent is not None and sent.forbids(self._pin, tries):
            return PinOutcome.REFUSED
        salt = secrets.token_hex(16)
        note = _Sent(salt=salt, digest=_digest(salt, self._pin), tries=tries, refused=False)
        # Durable before it is sent: power may fail between a wrong try and its answer.
        await self._keep(note)
        try:
            await session.enter_pin(self._pin)
        except SimPinRefused:
            await self._keep(msgspec.structs.replace(note, refused=True))
            return PinOutcome.REFUSED
        await self._keep(None)
        return PinOutcome.ENTERED

    async def _sent(self) -> _Sent | None:
        text = await self._store.read(lambda tx: tx.settings.get(_SETTING))
        return None if text is None else msgspec.json.decode(text, type=_Sent)

    async def _keep(self, note: _Sent | None) -> None:
        text = None if note is None else msgspec.json.encode(note).decode()
        await self._store.write(lambda tx: tx.settings.set(_SETTING, text))


def _digest(salt: str, pin: str) -> str:
    return hashlib.blake2b(pin.encode(), key=bytes.fromhex(salt), digest_size=32).hexdigest()
