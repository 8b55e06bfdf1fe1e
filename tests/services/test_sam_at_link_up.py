"""The security module is verified by itself when the link comes up: once a day, not twice (E01, E02)."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest

from visitbridge.domain.roc import TAIPEI
from visitbridge.errors import (
    DataCentreBusy,
    DataCentreError,
    DeviceDisabled,
    LinkDown,
    NotBound,
    Rejected,
)
from visitbridge.ports.store import Store
from visitbridge.protocols.datacentre.device import BindTicket, DeviceStatus, SamVerification, encode_ticket
from visitbridge.services.binding import Binding
from visitbridge.services.live import LiveBoard
from visitbridge.sim.clock import FakeClock
from visitbridge.sim.signature_only.adapter import SignatureOnlyDataCentre
from visitbridge.sim.signature_only.service import SignatureService

MORNING = dt.datetime(2026, 11, 23, 8, 0, tzinfo=TAIPEI)
TICKET = encode_ticket(BindTicket(url="https://service.invalid", token="t", ca_pem=""))


class Counting(SignatureOnlyDataCentre):
    """``verified_at``: when it was asked to verify."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(SignatureService(now=clock.now), monotonic=clock.monotonic)
        self._clock = clock
        self.verified_at: list[dt.datetime] = []
        self.refusal: DataCentreError | None = None

    async def verify_sam(self) -> SamVerification:
        if self.refusal is not None:
            raise self.refusal
        verified = await super().verify_sam()
        self.verified_at.append(self._clock.now())
        return verified


class Bench:
    def __init__(self, store: Store) -> None:
        self.clock = FakeClock(MORNING.astimezone(dt.UTC))
        self.data_centre = Counting(self.clock)
        numbers = itertools.count(1)
        self.binding = Binding(
            store,
            self.data_centre,
            LiveBoard(),
            self.clock,
            new_id=lambda: f"sheet-{next(numbers)}",
            default_name="box",
            version="0",
        )

    async def bind(self) -> None:
        await self.binding.load()
        await self.binding.bind(TICKET, "0219", "box")

    @property
    def times(self) -> int:
        return len(self.data_centre.verified_at)


@pytest.fixture
async def bound(store: Store) -> Bench:
    bench = Bench(store)
    await bench.bind()
    return bench


async def test_many_answers_of_one_day_verify_once(bound: Bench) -> None:
    """E01."""
    for _ in range(20):
        await bound.binding.verify_sam_if_due()
        bound.clock.advance(1800)

    assert bound.times == 1
    assert bound.binding.sam_is_verified()


async def test_the_day_is_taipeis(bound: Bench) -> None:
    await bound.binding.verify_sam_if_due()
    bound.clock.advance((15 * 60 + 59) * 60)
    await bound.binding.verify_sam_if_due()
    assert bound.times == 1

    bound.clock.advance(60)
    await bound.binding.verify_sam_if_due()
    assert bound.times == 2


async def test_a_restart_of_the_daemon_does_not_verify_again(bound: Bench, store: Store) -> None:
    await bound.binding.verify_sam_if_due()
    again = Bench(store)
    await again.binding.load()

    await again.binding.verify_sam_if_due()

    assert again.times == 0


async def test_an_attempt_that_failed_is_made_again(bound: Bench) -> None:
    bound.data_centre.line = "down"
    with pytest.raises(LinkDown):
        await bound.binding.verify_sam_if_due()
    assert not bound.binding.sam_is_verified()

    bound.data_centre.line = "up"
    await bound.binding.verify_sam_if_due()

    assert bound.times == 1


@pytest.mark.parametrize("refusal", [Rejected("SAM expired"), DataCentreBusy()], ids=repr)
async def test_a_module_that_is_refused_is_no_fault_of_the_line(
    bound: Bench, refusal: DataCentreError
) -> None:
    """Else the link would flap at every probe, and no certificate be renewed for as long as that lasts."""
    bound.data_centre.refusal = refusal
    await bound.binding.verify_sam_if_due()
    assert not bound.binding.sam_is_verified()

    bound.data_centre.refusal = None
    await bound.binding.verify_sam_if_due()

    assert bound.binding.sam_is_verified()


@pytest.mark.parametrize("answer", [DeviceDisabled(), NotBound()], ids=repr)
async def test_what_the_box_itself_is_told_while_it_verifies_is_heard(
    bound: Bench, answer: DataCentreError
) -> None:
    bound.data_centre.refusal = answer

    with pytest.raises(type(answer)):
        await bound.binding.verify_sam_if_due()


async def test_a_box_that_is_not_bound_asks_nothing(store: Store) -> None:
    bench = Bench(store)
    await bench.binding.load()
    await bench.binding.verify_sam_if_due()

    assert bench.times == 0


async def test_a_box_that_was_switched_off_verifies_to_bring_in_what_it_has(store: Store) -> None:
    bench = Bench(store)
    await bench.bind()
    status = await bench.data_centre.device_status()
    await bench.binding.take_status(DeviceStatus(enabled=False, sam=status.sam))
    await bench.binding.verify_sam_if_due()

    assert bench.times == 1
