"""The code that a phone's person chose: made into a digest, tried, counted.

It opens a locked phone where no card can be verified, for want of the VPN. Six digits are few, so the tries are
counted by the box, and a code only ever opens the phone that it was chosen on.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
from itertools import pairwise

import msgspec

from visitbridge.errors import FieldInvalid
from visitbridge.ports.records import UnlockCode
from visitbridge.protocols.stretching import COST, SALT_BYTES, stretch

TRIES = 5

_LENGTHS = range(6, 13)


async def make_code(digits: bytearray) -> UnlockCode:
    """``digits`` (ASCII, 6 to 12) are wiped. Raises FieldInvalid for others, and for a row or a few digits repeated."""
    try:
        if len(digits) not in _LENGTHS or not digits.isdigit():
            raise FieldInvalid("an unlock code has 6 to 12 digits", field="code")
        if _is_row(digits) or _repeats(digits):
            raise FieldInvalid(
                "no row of digits and no few digits repeated",
                field="code",
                params={"rule": "code_guessed_soon"},
            )
        return await _made(digits)
    finally:
        digits[:] = bytes(len(digits))


async def recognised(code: UnlockCode, digits: bytearray) -> UnlockCode | None:
    """The code with all its tries when these are its digits, else None; they are wiped.

    One that was made at a lower cost is made anew.
    """
    try:
        digest = await asyncio.to_thread(stretch, digits, bytes.fromhex(code.salt), cost=code.cost)
        if not hmac.compare_digest(digest, bytes.fromhex(code.digest)):
            return None
        if code.cost < COST:
            return await _made(digits)
        return msgspec.structs.replace(code, tries_left=TRIES)
    finally:
        digits[:] = bytes(len(digits))


def _is_row(digits: bytearray) -> bool:
    """Whether every digit is as far from the one before, nought after nine: 123456, 864208, 000000."""
    return len({(after - before) % 10 for before, after in pairwise(digits)}) == 1


def _repeats(digits: bytearray) -> bool:
    """Whether the first one, two, three … digits come again and again until the end: 121212, 123123, 1234123412."""
    whole = len(digits)
    return any(digits == (digits[:part] * whole)[:whole] for part in range(1, whole // 2 + 1))


async def _made(digits: bytearray) -> UnlockCode:
    salt = secrets.token_bytes(SALT_BYTES)
    digest = await asyncio.to_thread(stretch, digits, salt, cost=COST)
    return UnlockCode(salt=salt.hex(), digest=digest.hex(), tries_left=TRIES, cost=COST)
