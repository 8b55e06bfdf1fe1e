"""Parameters of one answer line (ITU-T V.250 §5.4.2): numbers, quoted strings, nothing between commas."""

from __future__ import annotations

import re

_FIELD = re.compile(r' *(?:"([^"]*)"|([^",]*?)) *(?:,|$)')


class Garbled(ValueError):
    """An answer that does not have the form its command promises."""


def fields(line: str, prefix: str) -> list[str]:
    """Parameters of ``line`` after ``prefix`` (colon included), quotes removed.

    Raises Garbled for another prefix, an open quote, or text outside a pair of quotes.
    """
    if not line.startswith(prefix):
        raise Garbled(f"not {prefix}")
    text = line[len(prefix) :].strip()
    found: list[str] = []
    at = 0
    while at <= len(text):
        match = _FIELD.match(text, at)
        if match is None:
            raise Garbled(prefix)
        quoted, plain = match.groups()
        found.append(plain if quoted is None else quoted)
        if match.end() == len(text) and not text.endswith(",", at):
            break
        at = match.end()
    return found


def number(text: str, *, least: int = 0, most: int = 99999) -> int:
    """A decimal number within bounds. Raises Garbled."""
    digits = text[1:] if text.startswith("-") else text
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 9):
        raise Garbled("not a number")
    value = int(text)
    if not least <= value <= most:
        raise Garbled("number out of range")
    return value


def decimal(text: str, *, least: float, most: float) -> float:
    """A decimal fraction within bounds. Raises Garbled."""
    if not re.fullmatch(r"[+-]?\d{1,9}(\.\d{0,9})?", text, re.ASCII):
        raise Garbled("not a decimal number")
    value = float(text)
    if not least <= value <= most:
        raise Garbled("number out of range")
    return value
