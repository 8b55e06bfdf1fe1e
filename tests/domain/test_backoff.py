"""Waiting grows, stays within bounds, and never undercuts what the other side asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visitbridge.domain.backoff import CURVES, BackoffClass, delay_s

JITTER = st.floats(0.0, 1.0, exclude_max=True)


@pytest.mark.parametrize(
    ("attempt", "jitter", "expected_s"),
    [(1, 0.0, 0.5), (1, 0.5, 0.75), (2, 0.0, 1.0), (5, 0.0, 8.0), (20, 0.0, 30.0), (10**9, 0.0, 30.0)],
)
def test_link_errors_double_up_to_a_minute(attempt: int, jitter: float, expected_s: float) -> None:
    assert delay_s(BackoffClass.LINK, attempt, jitter) == expected_s


@given(kind=st.sampled_from(BackoffClass), attempt=st.integers(0, 10**6), jitter=JITTER)
def test_always_between_half_the_first_and_the_longest(
    kind: BackoffClass, attempt: int, jitter: float
) -> None:
    curve = CURVES[kind]
    assert curve.first_s / 2 <= delay_s(kind, attempt, jitter) <= curve.longest_s


@given(kind=st.sampled_from(BackoffClass), attempt=st.integers(1, 40), jitter=JITTER)
def test_more_failures_never_wait_less(kind: BackoffClass, attempt: int, jitter: float) -> None:
    assert delay_s(kind, attempt, jitter) <= delay_s(kind, attempt + 1, jitter)


@given(attempt=st.integers(1, 40), jitter=JITTER, named_s=st.floats(0.0, 1e5))
def test_retry_after_is_never_undercut(attempt: int, jitter: float, named_s: float) -> None:
    assert delay_s(BackoffClass.BUSY, attempt, jitter, at_least_s=named_s) >= named_s
