"""The public basic record of an NHI card: two APDUs and 57 bytes (nhi-domain §1.2).

This is the one operation on the card that is openly documented: no SAM, no network, no PIN. Agreed upon by
several public implementations, among them magiclen/tw-nhi-icc-service and advmeds-service/CardReaderModule_Android.
"""

from __future__ import annotations

import datetime as dt

from visitbridge.domain.people import BasicRecord, Sex
from visitbridge.domain.roc import parse_roc_date, roc_date
from visitbridge.errors import CardError, FieldInvalid
from visitbridge.protocols.apdu import Command

NHI_AID = bytes.fromhex("D1580000010000000000000000001100")
"""16 bytes; the last ``00`` belongs to the identifier and is no Le (Lc is 10h in every known implementation)."""

SELECT_NHI = Command(0x00, 0xA4, 0x04, 0x00, NHI_AID).encode()
"""SELECT by name; the answer is ``9000`` alone."""

READ_BASIC = Command(0x00, 0xCA, 0x11, 0x00, b"\x00\x00").encode()
"""GET DATA with data field ``0000`` and, as in every known implementation, no Le."""

BASIC_LENGTH = 57
NAME_LENGTH = 20

_UNREADABLE = "*"


def decode_name(raw: bytes) -> str:
    """Text of a Big5 name field; a character without a Unicode counterpart reads as ``*`` (G07).

    Code page 950 is used: it has the common ETEN additions (恒, 裏, 碁). Characters in the user-defined areas
    are not guessed: those areas mean different characters in HKSCS and in Taiwan's own extensions.
    """
    raw = unpad_name(raw)
    text: list[str] = []
    at = 0
    while at < len(raw):
        width = 2 if raw[at] >= 0x80 else 1
        try:
            character = raw[at : at + width].decode("cp950")
        except UnicodeDecodeError:
            character = _UNREADABLE
        text.append(character if character.isprintable() or character == "\u3000" else _UNREADABLE)
        at += width
    return "".join(text).strip(" \u3000")


def unpad_name(raw: bytes) -> bytes:
    """The name's own bytes: up to the first NUL, without trailing spaces."""
    return raw.split(b"\x00", 1)[0].rstrip(b" ")


def encode_name(name: str, *, length: int = NAME_LENGTH) -> bytes:
    """Big5 padded with NUL to ``length`` bytes, as a card holds it.

    Characters outside Big5 become ``*``; a longer name is cut at a character boundary (G07).
    """
    raw = b""
    for character in name:
        try:
            piece = character.encode("cp950")
        except UnicodeEncodeError:
            piece = _UNREADABLE.encode()
        if len(raw) + len(piece) > length:
            break
        raw += piece
    return raw.ljust(length, b"\x00")


def decode_basic(data: bytes) -> BasicRecord:
    """Read the answer of :data:`READ_BASIC` (without status word).

    Bytes past the 57th are ignored. Raises CardError (``GW-CRD-00``) whose ``field`` names the damaged part;
    neither the message nor its causes repeat the card's content.
    """
    if len(data) < BASIC_LENGTH:
        raise CardError("basic record shorter than 57 bytes")
    return BasicRecord(
        card_no=_digits(data[0:12], field="card_no"),
        name=decode_name(data[12:32]),
        name_big5=unpad_name(data[12:32]).hex().upper(),
        id_no=_ascii(data[32:42], field="id_no").strip(),
        birth_date=_date(data[42:49], field="birth_date"),
        sex=_sex(data[49:50]),
        issued_date=_date(data[50:57], field="issued_date"),
    )


def encode_basic(record: BasicRecord) -> bytes:
    """The 57 bytes of a card with this record; the name goes out as its own bytes, ``name_big5``.

    Raises ValueError when a field does not fit.
    """
    raw = b"".join(
        (
            record.card_no.encode("ascii"),
            bytes.fromhex(record.name_big5).ljust(NAME_LENGTH, b"\x00"),
            record.id_no.encode("ascii").ljust(10),
            roc_date(record.birth_date).encode("ascii"),
            record.sex.value.encode("ascii"),
            roc_date(record.issued_date).encode("ascii"),
        )
    )
    if len(raw) != BASIC_LENGTH or len(record.card_no) != 12:
        raise ValueError("a field of the basic record does not fit its width")
    return raw


def _ascii(raw: bytes, *, field: str) -> str:
    # `from None` in these readers: the codec's own exception carries the card's bytes.
    try:
        text = raw.decode("ascii")
    except UnicodeDecodeError:
        raise CardError("not ASCII", field=field) from None
    if not text.isprintable():
        raise CardError("unprintable bytes", field=field)
    return text


def _digits(raw: bytes, *, field: str) -> str:
    text = _ascii(raw, field=field)
    if not text.isdigit():
        raise CardError("not digits", field=field)
    return text


def _date(raw: bytes, *, field: str) -> dt.date:
    try:
        return parse_roc_date(_digits(raw, field=field), field=field)
    except FieldInvalid as exc:
        raise CardError(exc.detail, field=field) from None


def _sex(raw: bytes) -> Sex:
    try:
        return Sex(_ascii(raw, field="sex"))
    except ValueError:
        raise CardError("neither M nor F", field="sex") from None
