"""Fixed-width ASCII fields: how they are written and read."""

from __future__ import annotations

import datetime as dt

from visitbridge.domain.roc import parse_roc_date, parse_roc_time
from visitbridge.errors import CardError, FieldInvalid


def put_text(value: str, width: int) -> bytes:
    """Left-aligned, padded with spaces. Raises ValueError when it does not fit or would not read back."""
    raw = value.encode("ascii")
    if len(raw) > width or not value.isprintable() or value != value.strip():
        raise ValueError(f"text does not fit {width} characters")
    return raw.ljust(width)


def put_exact(value: str, width: int) -> bytes:
    """Text that fills its field. Raises ValueError for another length."""
    if len(value) != width:
        raise ValueError(f"text is not {width} characters")
    return put_text(value, width)


def put_number(value: int, width: int) -> bytes:
    """Right-aligned, padded with zeros. Raises ValueError when it does not fit."""
    if not 0 <= value < 10**width:
        raise ValueError(f"number does not fit {width} digits")
    return str(value).rjust(width, "0").encode("ascii")


class FieldReader:
    """Reads fixed-width fields one after the other; its errors never quote the card's content."""

    def __init__(self, raw: bytes, length: int) -> None:
        if len(raw) != length:
            raise CardError(f"a record of {len(raw)} bytes where {length} are due")
        self._raw = raw
        self._at = 0

    def skip(self, width: int) -> None:
        self._at += width

    def text(self, width: int) -> str:
        piece = self._raw[self._at : self._at + width]
        self._at += width
        # `from None`: the codec's own exception carries the card's bytes.
        try:
            value = piece.decode("ascii")
        except UnicodeDecodeError:
            raise CardError("not ASCII") from None
        if not value.isprintable():
            raise CardError("unprintable bytes")
        return value.rstrip(" ")

    def number(self, width: int, field: str) -> int:
        value = self.text(width)
        if not value:
            return 0
        if len(value) != width or not value.isdigit():
            raise CardError("not a number", field=field)
        return int(value)

    def tenths(self, width: int, field: str) -> int:
        value = self.text(width)
        whole, point, tenth = value.partition(".")
        if not (len(value) == width and point and len(tenth) == 1 and (whole + tenth).isdigit()):
            raise CardError("not a number with one decimal", field=field)
        return int(whole + tenth)

    def date(self, field: str) -> dt.date:
        try:
            return parse_roc_date(self.text(7), field=field)
        except FieldInvalid as exc:
            raise CardError(exc.detail, field=field) from None

    def optional_date(self, field: str) -> dt.date | None:
        if not self._raw[self._at : self._at + 7].strip():
            self.skip(7)
            return None
        return self.date(field)

    def time(self, field: str) -> str:
        value = self.text(13)
        try:
            parse_roc_time(value, field=field)
        except FieldInvalid as exc:
            raise CardError(exc.detail, field=field) from None
        return value
