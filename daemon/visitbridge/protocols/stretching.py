"""Secrets that people remember, made slow and costly to guess: scrypt (RFC 7914), its cost kept beside what it made.

OWASP ASVS 5.0, V11.4.4 and its annex, asks for N = 2^17 with r = 8 and p = 1. What was made at a lower cost is still
recognised, so that a box can be brought up to date by whoever opens it next.
"""

from __future__ import annotations

import threading
from typing import Final

from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

COST: Final = 2**17
"""N. One guess takes 128 · r · N bytes, which are 128 MiB."""

LENGTH: Final = 32
SALT_BYTES: Final = 16

_KNOWN_COSTS: Final = frozenset({2**14, 2**16, COST})
_BLOCK, _LANES = 8, 1
# A small board has memory for one at a time; who comes second waits in its thread.
_TURN: Final = threading.Lock()


def stretch(secret: bytes | bytearray, salt: bytes, *, cost: int = COST) -> bytes:
    """32 bytes of ``secret``; takes a processor most of a second or more, so call it in a worker thread.

    Raises ValueError for a ``cost`` that this program never used: a damaged file must not decide how much memory goes.
    """
    if cost not in _KNOWN_COSTS:
        raise ValueError("not a cost of this program")
    with _TURN:
        return Scrypt(salt=salt, length=LENGTH, n=cost, r=_BLOCK, p=_LANES).derive(secret)
