"""The rate limit, on a clock turned by hand."""

from __future__ import annotations

import pytest

from vpnportal.limits import RateLimit
from vpnportal.problems import Refusal


class Monotonic:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def monotonic() -> Monotonic:
    return Monotonic()


@pytest.fixture
def limit(monotonic: Monotonic) -> RateLimit:
    return RateLimit(2, 60.0, monotonic)


def test_more_than_allowed_in_the_window_is_refused(limit: RateLimit) -> None:
    limit.spend("a")
    limit.spend("a")
    with pytest.raises(Refusal) as caught:
        limit.spend("a")
    assert (caught.value.problem.code, caught.value.problem.retry) == ("rate_limited", "later")
    assert caught.value.retry_after_s == 60


def test_origins_are_counted_apart(limit: RateLimit) -> None:
    for origin in ("a", "a", "b", "b"):
        limit.spend(origin)


def test_after_the_wait_that_was_told_it_works_again(limit: RateLimit, monotonic: Monotonic) -> None:
    limit.spend("a")
    monotonic.now_s += 20
    limit.spend("a")
    with pytest.raises(Refusal) as caught:
        limit.spend("a")
    assert caught.value.retry_after_s == 40
    monotonic.now_s += 40
    limit.spend("a")
    with pytest.raises(Refusal):
        limit.spend("a")


def test_refused_calls_do_not_count(limit: RateLimit, monotonic: Monotonic) -> None:
    limit.spend("a")
    limit.spend("a")
    monotonic.now_s += 59
    with pytest.raises(Refusal):
        limit.spend("a")
    monotonic.now_s += 1
    limit.spend("a")
