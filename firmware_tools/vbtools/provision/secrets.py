"""What only one box has: the key of its Wi-Fi and the token on its label. Made anew each time, never a default."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from typing import Final

import msgspec

ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""Letters and digits that nobody takes for one another, in print or by telephone."""

_GROUPS, _GROUP = 7, 4


class BoxSecrets(msgspec.Struct, frozen=True, kw_only=True):
    """``wifi_key``: 28 symbols, 138 bits, for WPA2. ``label_token``: 128 bits; pairs one phone, once (ux §3.1)."""

    wifi_key: str
    label_token: str

    @property
    def label_digest(self) -> str:
        """SHA-256 in hex: all that the box itself is told of the token."""
        return hashlib.sha256(self.label_token.encode()).hexdigest()


def make_secrets(choose: Callable[[str], str] = secrets.choice) -> BoxSecrets:
    """``choose`` takes one symbol of an alphabet at random."""
    groups = ("".join(choose(ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))
    token = "".join(choose(ALPHABET) for _ in range(26))
    return BoxSecrets(wifi_key="-".join(groups), label_token=token)
