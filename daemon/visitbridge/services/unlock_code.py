"""The code that a phone's person chose: made into a digest, tried, counted.

It opens a locked phone where no card can be verified, for want of the VPN. Six digits are few, so the tries are
counted by the box, and a code only ever opens the phone that it was chosen on.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets

from visitbridge.errors import FieldInvalid
from visitbridge.ports.records import UnlockCode

TRIES = 5

_LENGTHS = range(6, 13)
_SALT_BYTES = 16
_COST, _BLOCK, _LANES = 2**14, 8, 1


async def make_code(digits: bytearray) -> UnlockCode:
    """``digits`` (ASCII, 6 to 12) are wiped. Raises FieldInvalid for others and for one digit repeated."""
    try:
        if len(digits) not in _LENGTHS or not digits.isdigit() or len(set(digits)) == 1:
            raise FieldInvalid("an unlock code has 6 to 12 digits, not all the same", field="code")
        salt = secrets.token_bytes(_SALT_BYTES)
        digest = await asyncio.to_thread(_digest, digits, salt)
    finally:
        digits[:] = bytes(len(digits))
    return UnlockCode(salt=salt.hex(), digest=digest.hex(), tries_left=TRIES)


async def matches(code: UnlockCode, digits: bytearray) -> bool:
    """Whether these are the digits; they are wiped."""
    try:
        digest = await asyncio.to_thread(_digest, digits, bytes.fromhex(code.salt))
    finally:
        digits[:] = bytes(len(digits))
    return hmac.compare_digest(digest, bytes.fromhex(code.digest))


def _digest(digits: bytearray, salt: bytes) -> bytes:
    return hashlib.scrypt(digits, salt=salt, n=_COST, r=_BLOCK, p=_LANES)
