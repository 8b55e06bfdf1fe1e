"""Secret digits in a request body: a PIN, a code. They stay in the request's buffer, which is wiped after the call."""

from __future__ import annotations

import re
from typing import Annotated

import msgspec
from msgspec import Meta

from visitbridge.errors import FieldInvalid

_DIGITS = re.compile(rb'"([0-9]{4,12})"')

SecretDigits = Annotated[
    msgspec.Raw,
    Meta(extra_json_schema={"type": "string", "pattern": "^[0-9]{4,12}$", "writeOnly": True}),
]
"""Four to twelve digits as text, kept raw: a view into the request's buffer."""


def take_digits(raw: msgspec.Raw, *, field: str) -> bytearray:
    """The digits in a buffer of its own that can be wiped; no ``str`` or ``bytes`` of them is made."""
    text = memoryview(raw)
    if _DIGITS.fullmatch(text) is None:
        raise FieldInvalid("4 to 12 digits as text", field=field)
    return bytearray(text[1:-1])
