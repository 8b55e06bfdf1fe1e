"""UUID version 7 by RFC 9562."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visitbridge.domain.ids import new_id

# RFC 9562, appendix A.6: 2022-02-22 14:22:22 -05:00, rand_a = CC3, rand_b = 18C4DC0C0C07398F.
RFC_EXAMPLE = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
RFC_MOMENT = dt.datetime(2022, 2, 22, 19, 22, 22, tzinfo=dt.UTC)


def test_the_example_of_the_rfc() -> None:
    noise = (0xCC3 << 62 | 0x18C4DC0C0C07398F).to_bytes(10, "big")
    assert new_id(RFC_MOMENT, noise) == RFC_EXAMPLE


@given(
    noise=st.binary(min_size=10, max_size=10),
    milliseconds=st.integers(0, 32_503_680_000_000),
)
def test_version_variant_and_time(noise: bytes, milliseconds: int) -> None:
    moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(milliseconds=milliseconds)
    made = uuid.UUID(new_id(moment, noise))
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == milliseconds


def test_later_ids_sort_later() -> None:
    made = [new_id(RFC_MOMENT + dt.timedelta(milliseconds=step)) for step in range(100)]
    assert made == sorted(made)


def test_two_of_one_moment_differ() -> None:
    assert len({new_id(RFC_MOMENT) for _ in range(1000)}) == 1000


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        new_id(dt.datetime(2026, 1, 1))  # noqa: DTZ001 - the very thing under test
