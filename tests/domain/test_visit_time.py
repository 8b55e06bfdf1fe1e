"""A time from an untrusted clock is set right by counting back from a trusted one (Y10)."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from tests.services.outbox.samples import visit
from visitbridge.domain.visit import ClockReading, Occasion, Sequence, Visit
from visitbridge.domain.visit_time import stay_of, with_true_time

WRONG = dt.datetime(1970, 1, 1, 0, 5, tzinfo=dt.UTC)
NOW = dt.datetime(2026, 11, 22, 8, 0, 0, 250_000, tzinfo=dt.UTC)


def untrusted() -> Visit:
    return msgspec.structs.replace(
        visit(visit_at=WRONG, clock_trusted=False), started=ClockReading(boot_id="boot-1", monotonic_s=300.0)
    )


def test_times_move_together_and_the_mark_goes() -> None:
    before = untrusted()
    after = with_true_time(before, now=NOW, monotonic_s=2100.0, boot_id="boot-1")
    assert after is not None
    assert after.visit_at == dt.datetime(2026, 11, 22, 7, 30, tzinfo=dt.UTC)
    assert after.finished_at == after.visit_at + dt.timedelta(minutes=20)
    assert (after.clock_trusted, after.started, after.revision) == (True, None, before.revision + 1)


def test_arrival_and_departure_move_with_the_visit() -> None:
    before = untrusted()
    occasion = Occasion(arrived_at=WRONG, departed_at=WRONG + dt.timedelta(minutes=15))
    content = msgspec.structs.replace(before.content, occasion=occasion)
    after = with_true_time(
        msgspec.structs.replace(before, content=content), now=NOW, monotonic_s=2100.0, boot_id="boot-1"
    )
    assert after is not None
    assert stay_of(after) == (after.visit_at, after.visit_at + dt.timedelta(minutes=15))


def test_the_boxs_own_number_moves_with_the_visit_and_the_cards_stays() -> None:
    own = Sequence(number="F00B", source="box", taken_at=WRONG + dt.timedelta(minutes=20))
    cards = Sequence(number="0001", source="card", taken_at=NOW)
    moved = [
        with_true_time(
            msgspec.structs.replace(untrusted(), sequence=number),
            now=NOW,
            monotonic_s=2100.0,
            boot_id="boot-1",
        )
        for number in (own, cards)
    ]
    assert [after and after.sequence and after.sequence.taken_at for after in moved] == [
        dt.datetime(2026, 11, 22, 7, 50, tzinfo=dt.UTC),
        NOW,
    ]


def test_arrival_and_departure_that_nobody_told_are_the_visits_own() -> None:
    assert stay_of(visit()) == (visit().visit_at, visit().finished_at)


@pytest.mark.parametrize(
    "before",
    [
        visit(),
        msgspec.structs.replace(untrusted(), started=None),
        msgspec.structs.replace(untrusted(), started=ClockReading(boot_id="boot-0", monotonic_s=1.0)),
    ],
    ids=["trusted already", "no reading", "another boot"],
)
def test_what_cannot_be_known_stays(before: Visit) -> None:
    assert with_true_time(before, now=NOW, monotonic_s=2100.0, boot_id="boot-1") is None
