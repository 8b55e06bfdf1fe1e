"""Identifiers that sort by time: UUID version 7 (RFC 9562 §5.7)."""

from __future__ import annotations

import datetime as dt
import secrets
import uuid

_UNIX_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def new_id(now: dt.datetime, random: bytes | None = None) -> str:
    """48 bits of Unix milliseconds, version, variant and 74 random bits, as text.

    ``random``: 10 bytes, of the system's own when not given. Raises ValueError for a naive ``now``.
    """
    if now.tzinfo is None:
        raise ValueError("a naive datetime has no Unix time")
    milliseconds = (now - _UNIX_EPOCH) // dt.timedelta(milliseconds=1) & ((1 << 48) - 1)
    noise = int.from_bytes(secrets.token_bytes(10) if random is None else random, "big")
    value = milliseconds << 80
    value |= 0x7 << 76
    value |= (noise >> 62 & 0xFFF) << 64
    value |= 0b10 << 62
    value |= noise & ((1 << 62) - 1)
    return str(uuid.UUID(int=value))
