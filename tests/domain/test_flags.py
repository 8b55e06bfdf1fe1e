"""Four flags, from jobs."""

from __future__ import annotations

import pytest

from visitbridge.domain.flags import visit_flags
from visitbridge.domain.jobs import JobState
from visitbridge.domain.visit import FlagState, VisitFlags


def test_a_saved_visit_without_jobs_wants_nothing_else() -> None:
    assert visit_flags([]) == VisitFlags(saved=FlagState.DONE)


@pytest.mark.parametrize(
    ("kind", "flag"),
    [
        ("card.write_visit", "card"),
        ("card.write_prescription", "card"),
        ("upload.visit", "vpn"),
        ("upload.ic", "ic"),
    ],
)
def test_each_kind_has_its_flag(kind: str, flag: str) -> None:
    expected = {"card": FlagState.NOT_WANTED, "vpn": FlagState.NOT_WANTED, "ic": FlagState.NOT_WANTED}
    expected[flag] = FlagState.DONE
    assert visit_flags([(kind, JobState.CONFIRMED)]) == VisitFlags(saved=FlagState.DONE, **expected)


@pytest.mark.parametrize("kind", ["upload.recognition", "check.eligibility", "upload.delivery"])
def test_other_kinds_have_no_flag(kind: str) -> None:
    assert visit_flags([(kind, JobState.REJECTED)]) == VisitFlags(saved=FlagState.DONE)


@pytest.mark.parametrize(
    ("state", "flag"),
    [
        (JobState.QUEUED, FlagState.WAITING),
        (JobState.LEASED, FlagState.WORKING),
        (JobState.PREPARED, FlagState.WORKING),
        (JobState.EXECUTING, FlagState.WORKING),
        (JobState.WRITTEN, FlagState.WORKING),
        (JobState.CONFIRMED, FlagState.DONE),
        (JobState.UNKNOWN, FlagState.WAITING),
        (JobState.REJECTED, FlagState.ATTENTION),
        (JobState.HELD, FlagState.ATTENTION),
        (JobState.HANDED_OFF, FlagState.WAITING),
    ],
)
def test_each_state_has_its_flag_and_none_is_missing(state: JobState, flag: FlagState) -> None:
    assert visit_flags([("upload.visit", state)]).vpn is flag
    assert state.is_open or flag in {FlagState.DONE, FlagState.WAITING}


@pytest.mark.parametrize(
    ("states", "flag"),
    [
        ((JobState.CONFIRMED, JobState.CONFIRMED), FlagState.DONE),
        ((JobState.CONFIRMED, JobState.QUEUED), FlagState.WAITING),
        ((JobState.QUEUED, JobState.EXECUTING), FlagState.WORKING),
        ((JobState.EXECUTING, JobState.REJECTED), FlagState.ATTENTION),
    ],
)
def test_a_card_flag_is_done_only_when_all_its_jobs_are(
    states: tuple[JobState, JobState], flag: FlagState
) -> None:
    visit, prescription = states
    jobs = [("card.write_visit", visit), ("card.write_prescription", prescription)]
    assert visit_flags(jobs).card is flag
    assert visit_flags(reversed(jobs)).card is flag
