"""How a reader's own words are read (PC/SC part 3, §3.1.2)."""

from __future__ import annotations

import pytest

from visitbridge.adapters.pcsc import wire
from visitbridge.ports.reader_facts import readable


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"ACS\x00", "ACS"),
        (b"", ""),
        (bytes.fromhex("FFFFFFFFFFFFFFFFFFFF"), "FFFFFFFFFFFFFFFFFFFF"),
        (b"a\nb", "610A62"),
        ("雲".encode(), "E99BB2"),
    ],
)
def test_bytes_are_shown_as_text_only_where_they_are_text(raw: bytes, text: str) -> None:
    assert readable(raw) == text


@pytest.mark.parametrize(
    ("number", "text"), [(0x01040002, "1.4.2"), (0, "0.0.0"), (0xFFFFFFFF, "255.255.65535")]
)
def test_a_driver_version_is_major_minor_and_build(number: int, text: str) -> None:
    assert wire._version(number) == text
