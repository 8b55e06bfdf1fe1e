"""The recovery ladder: the right rung, in time, not too often."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visitbridge.services.modem.ladder import (
    PATIENCE_S,
    RULES,
    SPAN,
    Ladder,
    LadderPolicy,
    Rung,
    Symptom,
)

ALL = set(Rung)
HOUR_S = 3600.0


def ladder(available: set[Rung] | None = None, jitter: float = 0.0) -> Ladder:
    return Ladder(LadderPolicy(), available or ALL, jitter=lambda: jitter)


def climb(
    subject: Ladder, symptom: Symptom, *, until_s: float, from_s: float = 0.0
) -> list[tuple[float, Rung]]:
    """Have the symptom last; the rungs climbed and when, looking every five seconds."""
    climbed = []
    now_s = from_s
    while now_s <= until_s:
        rung = subject.due(symptom, now_s)
        if rung is not None:
            subject.climbed(rung, now_s)
            climbed.append((now_s, rung))
        now_s += 5.0
    return climbed


@pytest.mark.parametrize("symptom", Symptom)
def test_every_symptom_is_given_time_and_starts_at_its_own_rung(symptom: Symptom) -> None:
    first, *_ = climb(ladder(), symptom, until_s=HOUR_S)

    assert first == (PATIENCE_S[symptom], SPAN[symptom][0])


@pytest.mark.parametrize("symptom", Symptom)
def test_a_box_that_another_uplink_serves_is_not_restarted(symptom: Symptom) -> None:
    """The modem's rounds go on below that, and the box is not owed a restart for the time."""
    subject = ladder()
    rungs = set()
    for now_s in range(0, round(24 * HOUR_S), 5):
        rung = subject.due(symptom, now_s, spare_box=True)
        if rung is not None:
            subject.climbed(rung, now_s)
            rungs.add(rung)

    assert rungs == {rung for rung in Rung if SPAN[symptom][0] <= rung <= SPAN[symptom][1]} - {Rung.REBOOT}


def test_each_rung_gets_time_to_help_before_the_next() -> None:
    climbed = climb(ladder(), Symptom.NO_DATA, until_s=900.0)

    assert climbed[:5] == [
        (30.0, Rung.REATTACH),
        (75.0, Rung.RADIO),
        (165.0, Rung.RESET),
        (285.0, Rung.POWER),
        (465.0, Rung.REBOOT),
    ]


@pytest.mark.parametrize("symptom", Symptom)
def test_no_rung_above_what_can_help(symptom: Symptom) -> None:
    climbed = climb(ladder(), symptom, until_s=48 * HOUR_S)

    assert max(rung for _, rung in climbed) == SPAN[symptom][1]


@pytest.mark.parametrize("symptom", Symptom)
def test_no_rung_is_climbed_more_often_than_its_limit(symptom: Symptom) -> None:
    climbed = climb(ladder(), symptom, until_s=48 * HOUR_S)

    for rung in Rung:
        times = [at for at, climbed_rung in climbed if climbed_rung is rung]
        gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
        assert all(gap >= RULES[rung].at_most_every_s for gap in gaps)


def test_a_silent_path_never_reboots_the_box() -> None:
    assert Rung.REBOOT not in [rung for _, rung in climb(ladder(), Symptom.NO_TRAFFIC, until_s=72 * HOUR_S)]


def test_a_reboot_before_this_start_counts() -> None:
    subject = ladder()
    subject.remember(Rung.REBOOT, -600.0)

    rebooted = [at for at, rung in climb(subject, Symptom.NO_DATA, until_s=8 * HOUR_S) if rung is Rung.REBOOT]

    assert rebooted[0] >= RULES[Rung.REBOOT].at_most_every_s - 600.0


def test_rounds_become_more_patient() -> None:
    climbed = climb(ladder({Rung.REATTACH, Rung.RADIO}), Symptom.NO_DATA, until_s=2 * HOUR_S)
    rounds = [at for at, rung in climbed if rung is Rung.REATTACH]
    gaps = [later - earlier for earlier, later in itertools.pairwise(rounds)]

    assert gaps[0] < gaps[1] < gaps[2]
    assert gaps[-1] <= 8 * (RULES[Rung.REATTACH].patience_s + RULES[Rung.RADIO].patience_s) + 15


def test_missing_rungs_are_passed_over() -> None:
    climbed = climb(ladder({Rung.REATTACH, Rung.RESET}), Symptom.NO_DATA, until_s=150.0)

    assert [rung for _, rung in climbed] == [Rung.REATTACH, Rung.RESET]
    assert climb(ladder({Rung.REATTACH}), Symptom.ABSENT, until_s=HOUR_S) == []


def test_short_health_does_not_bring_back_to_the_foot() -> None:
    subject = ladder()
    climb(subject, Symptom.NO_DATA, until_s=30.0)
    subject.note_healthy(60.0)
    subject.note_healthy(120.0)

    assert climb(subject, Symptom.NO_DATA, from_s=125.0, until_s=300.0)[0][1] is Rung.RADIO


def test_lasting_health_does() -> None:
    subject = ladder()
    climb(subject, Symptom.NO_DATA, until_s=30.0)
    subject.note_healthy(60.0)
    subject.note_healthy(400.0)

    assert subject.rung is None
    assert climb(subject, Symptom.NO_DATA, from_s=405.0, until_s=600.0)[0] == (435.0, Rung.REATTACH)


def test_boxes_do_not_climb_in_step() -> None:
    assert climb(ladder(jitter=0.9), Symptom.NO_DATA, until_s=100.0)[0][0] > PATIENCE_S[Symptom.NO_DATA]


@given(
    symptoms=st.lists(st.tuples(st.sampled_from([None, *Symptom]), st.integers(1, 600)), max_size=60),
    available=st.sets(st.sampled_from(Rung)),
)
def test_any_course_of_illness_keeps_the_limits(
    symptoms: list[tuple[Symptom | None, int]], available: set[Rung]
) -> None:
    subject = Ladder(LadderPolicy(), available, jitter=lambda: 0.5)
    last: dict[Rung, float] = {}
    now_s = 0.0
    for symptom, lasts_s in symptoms:
        end_s = now_s + lasts_s
        while now_s < end_s:
            now_s += 5.0
            if symptom is None:
                subject.note_healthy(now_s)
            elif (rung := subject.due(symptom, now_s)) is not None:
                assert rung in available
                assert SPAN[symptom][0] <= rung <= SPAN[symptom][1]
                assert now_s - last.get(rung, -1e9) >= RULES[rung].at_most_every_s
                last[rung] = now_s
                subject.climbed(rung, now_s)
