"""The health-professional card (HPC) of the test realm: commands and holder record.

The real HPC's application identifier, files and PIN scheme are not public (nhi-domain §1.4). This is a stand-in
with ISO/IEC 7816-4 commands; only the facts marked A there are kept: a PIN of digits, and a lock after three wrong
ones.
"""

from __future__ import annotations

import msgspec

from visitbridge.domain.people import StaffKind
from visitbridge.errors import CardError
from visitbridge.protocols.apdu import Command
from visitbridge.protocols.nhi.basic import NAME_LENGTH, decode_name, encode_name

HPC_TEST_AID = b"\xf0VBHPC-TEST1"
"""First half-byte F: a proprietary, unregistered identifier (ISO/IEC 7816-4 §12.2.3), nobody's but ours."""

PIN_REFERENCE = 0x01
PIN_BLOCK_LENGTH = 8
PIN_TRIES = 3
CHALLENGE_LENGTH = 32
SIGNATURE_LENGTH = 64
"""ECDSA P-256 as r ‖ s, 32 bytes each."""

HOLDER_LENGTH = 12 + NAME_LENGTH + 1

SELECT_HPC = Command(0x00, 0xA4, 0x04, 0x00, HPC_TEST_AID).encode()

READ_HOLDER = Command(0x00, 0xCA, 0x01, 0x01, le=256).encode()
"""GET DATA, object 0101 (the proprietary range of ISO/IEC 7816-4 §11.4.3). No PIN needed."""

_KIND_BYTES = {
    StaffKind.DOCTOR: b"D",
    StaffKind.NURSE: b"N",
    StaffKind.PHARMACIST: b"P",
    StaffKind.OTHER: b"O",
}


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who an HPC belongs to. ``hpc_no``: 12 digits, a leading 9 in the test realm."""

    hpc_no: str
    name: str
    kind: StaffKind


def encode_holder(holder: Holder) -> bytes:
    """33 bytes: number (12 ASCII digits), name (20, Big5 with NUL), kind (``D N P O``)."""
    return holder.hpc_no.encode("ascii") + encode_name(holder.name) + _KIND_BYTES[holder.kind]


def decode_holder(data: bytes) -> Holder:
    """Inverse of :func:`encode_holder`. Raises CardError (``GW-CRD-00``) without the card's content."""
    kinds = {raw: kind for kind, raw in _KIND_BYTES.items()}
    if len(data) < HOLDER_LENGTH or not data[:12].isdigit():
        raise CardError("damaged holder record", field="hpc_no")
    if data[32:33] not in kinds:
        raise CardError("unknown profession mark", field="kind")
    return Holder(hpc_no=data[:12].decode("ascii"), name=decode_name(data[12:32]), kind=kinds[data[32:33]])


def verify_pin(pin_block: bytes) -> Command:
    """VERIFY with an 8-byte block: ASCII digits padded with FF."""
    return Command(0x00, 0x20, 0x00, PIN_REFERENCE, pin_block)


PIN_TEMPLATE = verify_pin(b"\xff" * PIN_BLOCK_LENGTH).encode()
"""VERIFY as it stands in a script: the box puts the PIN into the data field."""

PIN_STATUS = Command(0x00, 0x20, 0x00, PIN_REFERENCE).encode()
"""VERIFY without data: asks for the tries left (``63Cx``) without using one."""


def pin_block(pin: bytes) -> bytes:
    """ASCII digits padded with FF to 8 bytes. Raises ValueError unless 4 to 8 digits."""
    if not (4 <= len(pin) <= PIN_BLOCK_LENGTH and pin.isdigit()):
        raise ValueError("a PIN is 4 to 8 digits")
    return bytes(pin).ljust(PIN_BLOCK_LENGTH, b"\xff")


def internal_authenticate(challenge: bytes) -> Command:
    """INTERNAL AUTHENTICATE: sign a 32-byte challenge; needs a verified PIN."""
    return Command(0x00, 0x88, 0x00, 0x00, challenge, le=256)


def signed_message(hpc_no: str, challenge: bytes) -> bytes:
    """What the HPC signs (ECDSA P-256, SHA-256): a purpose tag, its own number, the challenge."""
    return b"visitbridge HPC sign-in 1\x00" + hpc_no.encode("ascii") + challenge
