"""What a QR code that somebody photographed is, as far as its text tells.

Content and signature of the virtual NHI card's code are not public (nhi-domain §6.1, NF): it is an opaque string, of which only the
length can be looked at, so the best that is ever said of one is that it may be a virtual card. What is known for sure are the codes
that it is not.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

from visitbridge.protocols.datacentre.device import TICKET_PREFIX

_WIFI = "WIFI:"
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_PRESCRIPTION_FIELDS = 14


class ScannedCode(enum.StrEnum):
    MAYBE_VIRTUAL_CARD = "maybe_virtual_card"
    BINDING = "binding"
    WIFI = "wifi"
    ADDRESS = "address"
    PRESCRIPTION = "prescription"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualCardProfile:
    """How long the text of a virtual card's code may be, in characters; certainty NF, to be replaced when more is known."""

    shortest: int = 16
    longest: int = 4096


def recognise(text: str, profile: VirtualCardProfile) -> ScannedCode:
    """By their beginnings: QR-2, the Wi-Fi label, any address; by its ``;`` (nhi-domain §6.2, C): a prescription."""
    text = text.strip()
    if text.startswith(TICKET_PREFIX):
        return ScannedCode.BINDING
    if text[: len(_WIFI)].upper() == _WIFI:
        return ScannedCode.WIFI
    if _ADDRESS.match(text):
        return ScannedCode.ADDRESS
    if text.count(";") >= _PRESCRIPTION_FIELDS - 1:
        return ScannedCode.PRESCRIPTION
    if profile.shortest <= len(text) <= profile.longest:
        return ScannedCode.MAYBE_VIRTUAL_CARD
    return ScannedCode.OTHER
