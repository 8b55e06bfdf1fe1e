"""Mutated transcripts, as many as a unit test can afford; tests/fuzz plays the full number."""

from __future__ import annotations

from tests.protocols.at.transcripts import play_damaged, play_harmless

COUNT = 10_000


def test_what_modems_do_is_understood_exactly() -> None:
    for seed in range(COUNT):
        play_harmless(seed)


def test_damage_ends_in_one_result_and_is_forgotten() -> None:
    for seed in range(COUNT):
        play_damaged(seed)
