"""1,000,000 frames of damaged streams from Bluetooth readers; from other seeds each time one is given.

Run as ``python -m tests.fuzz.reader_frames_full [first seed]``.
"""

from __future__ import annotations

import sys
import time

from tests.fuzz.reader_frames import play_acs, play_ccid

FRAMES = 1_000_000


def play(first: int) -> str:
    """Play both families in turn until there were enough frames; the answer tells how many and how fast."""
    played, seed, begun_s = 0, first, time.monotonic()
    while played < FRAMES:
        played += play_ccid(seed) + play_acs(seed)
        seed += 1
    took_s = time.monotonic() - begun_s
    return f"{played} frames in {took_s:.0f} s, seeds {first} to {seed - 1}"


if __name__ == "__main__":
    sys.stdout.write(play(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000_000) + "\n")
