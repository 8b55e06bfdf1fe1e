"""What a cut of power leaves on a disk that forgets (Linux, Documentation/admin-guide/device-mapper/log-writes)."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.vm.power import replay

SECTOR = 512
FLUSH = b""
"""Among the writes of a case: what came before is on the disk for good."""

Write = tuple[int, bytes]


def log_of(steps: Sequence[Write | bytes]) -> bytes:
    """Magic, version, number of entries, bytes of a sector; then each entry in a sector, and its data."""
    entries = b""
    for step in steps:
        sector, data = step if isinstance(step, tuple) else (0, b"")
        flags = 0 if isinstance(step, tuple) else 1
        entries += struct.pack("<QQQQ", sector, len(data) // SECTOR, flags, 0).ljust(SECTOR, b"\0") + data
    return struct.pack("<QQQI", 0x6A736677736872, 1, len(steps), SECTOR).ljust(SECTOR, b"\0") + entries


def sectors(fill: str) -> bytes:
    return b"".join(letter.encode() * SECTOR for letter in fill)


@pytest.mark.parametrize(
    ("steps", "left", "forgotten"),
    [
        pytest.param([], "....", 0, id="nothing"),
        pytest.param([(0, sectors("a"))], "....", 1, id="unflushed"),
        pytest.param([(0, sectors("a")), FLUSH], "a...", 0, id="flushed"),
        pytest.param(
            [(0, sectors("a")), FLUSH, (0, sectors("b")), (1, sectors("c"))], "a...", 2, id="then more"
        ),
        pytest.param(
            [(0, sectors("aa")), (1, sectors("bb")), FLUSH, (3, sectors("c"))], "abb.", 1, id="in order"
        ),
    ],
)
def test_only_what_was_flushed_is_left(
    tmp_path: Path, steps: list[Write | bytes], left: str, forgotten: int
) -> None:
    (tmp_path / "log").write_bytes(log_of(steps))
    (tmp_path / "disk").write_bytes(sectors("...."))

    assert replay(tmp_path / "log", tmp_path / "disk") == forgotten
    assert (tmp_path / "disk").read_bytes() == sectors(left)
