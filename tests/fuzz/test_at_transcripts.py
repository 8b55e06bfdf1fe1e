"""240,000 mutated AT transcripts: no hang, no crash, no wrong state."""

from __future__ import annotations

from tests.protocols.at.transcripts import play_damaged, play_harmless

COUNT = 120_000
FIRST = 1_000_000


def test_what_modems_do_is_understood_exactly() -> None:
    for seed in range(FIRST, FIRST + COUNT):
        play_harmless(seed)


def test_damage_ends_in_one_result_and_is_forgotten() -> None:
    for seed in range(FIRST, FIRST + COUNT):
        play_damaged(seed)
