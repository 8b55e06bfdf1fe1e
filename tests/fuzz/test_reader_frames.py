"""Damaged streams from Bluetooth readers: no hang, no crash, no unbounded memory.

Here 30,000 frames; `./dev readers frames` plays 1,000,000 and more.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.fuzz.reader_frames import play_acs, play_ccid

FRAMES = 15_000


@pytest.mark.parametrize("play", [play_ccid, play_acs])
def test_damage_ends_in_a_typed_error_or_is_not_noticed(play: Callable[[int], int]) -> None:
    played = seed = 0
    while played < FRAMES:
        played += play(seed)
        seed += 1
