"""The clock moved back and forth, the machine off and on: no session lives longer than its limit (issue: "Shown by")."""

from __future__ import annotations

import asyncio
import datetime as dt
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from visitbridge.adapters.store import open_store
from visitbridge.domain.people import BoxRole, Right, StaffKind
from visitbridge.domain.phones import PhoneState
from visitbridge.ports.clock import TimeTrust
from visitbridge.ports.datacentre import DataCentre
from visitbridge.ports.records import StaffSessionRow
from visitbridge.ports.store import Store
from visitbridge.services.cards import CardDesk
from visitbridge.services.countdown import KEEP_EVERY_S, begin
from visitbridge.services.grants import Former, Granted
from visitbridge.services.live import LiveBoard
from visitbridge.services.phone_session import PhoneLimits
from visitbridge.services.phones import PhoneDesk
from visitbridge.services.staff import StaffDesk
from visitbridge.services.staff_terms import StaffPolicy
from visitbridge.sim.clock import FakeClock

HOUR_S = 3600.0
BEGAN = dt.datetime(2026, 11, 22, 1, 0, tzinfo=dt.UTC)


class Subject(Protocol):
    """A session under test. ``take_up`` makes the desk of the next life of the box."""

    limit_s: float

    async def begin(self, store: Store, clock: FakeClock) -> None: ...

    async def take_up(self, store: Store, clock: FakeClock) -> None: ...

    async def keep(self) -> None:
        """What the running service does every :data:`KEEP_EVERY_S`."""
        ...

    async def is_live(self) -> bool: ...


class PhoneSubject:
    """A phone that somebody touches all the time, so that only its 12 hours end it."""

    limit_s = 12 * HOUR_S

    def _desk_of(self, store: Store, clock: FakeClock) -> PhoneDesk:
        return PhoneDesk(store, clock, limits=PhoneLimits(idle_s=1e6, whole_s=self.limit_s))

    async def begin(self, store: Store, clock: FakeClock) -> None:
        self._desk = self._desk_of(store, clock)
        self._cookie = (await self._desk.add("p1", "phone", BoxRole.USER)).cookie

    async def take_up(self, store: Store, clock: FakeClock) -> None:
        self._desk = self._desk_of(store, clock)
        await self._desk.load()

    async def keep(self) -> None:
        await self._desk.keep()

    async def is_live(self) -> bool:
        return self._desk.state(await self._desk.authenticate(self._cookie)) is PhoneState.OPEN


class IdlePhoneSubject(PhoneSubject):
    """A phone that nobody touches."""

    limit_s = 900.0

    def _desk_of(self, store: Store, clock: FakeClock) -> PhoneDesk:
        return PhoneDesk(store, clock, limits=PhoneLimits(idle_s=self.limit_s, whole_s=1e6))


class StaffSubject:
    """A staff session of 8 hours."""

    limit_s = 8 * HOUR_S

    def _desk_of(self, store: Store, clock: FakeClock) -> StaffDesk:
        return StaffDesk(
            store,
            cast(CardDesk, None),
            cast(DataCentre, None),
            LiveBoard(),
            clock,
            new_id=lambda: "s",
            policy=StaffPolicy(),
        )

    async def begin(self, store: Store, clock: FakeClock) -> None:
        row = StaffSessionRow(
            session_id="s1",
            staff_id="D-TEST-1",
            name="陳測試",
            kind=StaffKind.DOCTOR,
            rights=(Right.VISITS,),
            token="t",
            started_at=clock.now(),
            ends_at=clock.now() + dt.timedelta(seconds=self.limit_s),
            countdown=begin(clock, self.limit_s),
            phone_ids=("p1",),
        )
        await store.write(lambda tx: tx.staff_sessions.put(row))
        await self.take_up(store, clock)

    async def take_up(self, store: Store, clock: FakeClock) -> None:
        self._desk = self._desk_of(store, clock)
        await self._desk.load()

    async def keep(self) -> None:
        await self._desk.keep()

    async def is_live(self) -> bool:
        return self._desk.live_for_phone("p1") is not None


@dataclass(frozen=True)
class Pass:
    """Time passes while the box runs."""

    seconds: float


@dataclass(frozen=True)
class Jump:
    """The wall clock is set, and is believed."""

    seconds: float


@dataclass(frozen=True)
class Reboot:
    """The machine is off for a while; ``trusted``: whether it knows the time afterwards."""

    off_s: float
    trusted: bool


PASSES = st.builds(Pass, st.floats(1, 5 * HOUR_S))
JUMPS = st.builds(Jump, st.floats(-30 * HOUR_S, 30 * HOUR_S))
REBOOTS = st.builds(Reboot, st.floats(0, 20 * HOUR_S), st.booleans())
Act = Pass | Jump | Reboot


class World:
    """The box and the true time. ``ran_s``: how long it ran since the session began; ``past_s``: how long ago that is."""

    def __init__(self, store: Store, subject: Subject) -> None:
        self.store = store
        self.subject = subject
        self.clock = FakeClock(BEGAN)
        self.ran_s = 0.0
        self.past_s = 0.0
        self.boots = 1

    async def do(self, act: Act) -> None:
        match act:
            case Pass(seconds):
                await self._run(seconds)
            case Jump(seconds):
                self.clock.jump(seconds)
            case Reboot(off_s, trusted):
                self.boots += 1
                self.past_s += off_s
                trust = TimeTrust.NETWORK if trusted else TimeTrust.UNTRUSTED
                now = self.clock.now() + dt.timedelta(seconds=off_s)
                self.clock = FakeClock(now, boot_id=f"boot-{self.boots}", trust=trust)
                await self.subject.take_up(self.store, self.clock)

    async def _run(self, seconds: float) -> None:
        """What is left was last kept up to :data:`KEEP_EVERY_S` ago."""
        rest_s = seconds % KEEP_EVERY_S
        self.clock.advance(seconds - rest_s)
        await self.subject.keep()
        self.clock.advance(rest_s)
        self.ran_s += seconds
        self.past_s += seconds


async def live(world: World, acts: list[Act]) -> list[tuple[bool, float, float]]:
    """After each act: whether the session is live, how long the box ran and how long ago the session began, without what
    the former boots had not kept.
    """
    await world.subject.begin(world.store, world.clock)
    seen = []
    for act in acts:
        await world.do(act)
        lost_s = KEEP_EVERY_S * (world.boots - 1)
        seen.append((await world.subject.is_live(), world.ran_s - lost_s, world.past_s - lost_s))
    return seen


def lived(subject: Subject, acts: list[Act]) -> list[tuple[bool, float, float]]:
    async def in_a_store() -> list[tuple[bool, float, float]]:
        with tempfile.TemporaryDirectory() as folder:
            async with open_store(Path(folder) / "s.db", bytes(32), clock=FakeClock()) as store:
                return await live(World(store, subject), acts)

    return asyncio.run(in_a_store())


SUBJECTS = pytest.mark.parametrize("kind", [PhoneSubject, IdlePhoneSubject, StaffSubject])
few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)


@SUBJECTS
@few
@given(acts=st.lists(PASSES | JUMPS | REBOOTS, min_size=3, max_size=9))
def test_no_session_lives_longer_than_its_limit_whatever_the_clock_says(
    kind: type[Subject], acts: list[Act]
) -> None:
    subject = kind()
    seen = lived(subject, acts)

    assert [ran_s for is_live, ran_s, _ in seen if is_live and ran_s >= subject.limit_s] == []


@SUBJECTS
@few
@given(acts=st.lists(PASSES | REBOOTS, min_size=3, max_size=9))
def test_with_an_honest_clock_the_time_that_the_box_was_off_counts_too(
    kind: type[Subject], acts: list[Act]
) -> None:
    subject = kind()
    seen = lived(subject, acts)

    assert [past_s for is_live, _, past_s in seen if is_live and past_s >= subject.limit_s] == []


@SUBJECTS
@few
@given(acts=st.lists(PASSES | JUMPS, min_size=3, max_size=9))
def test_without_a_restart_the_limit_is_met_to_the_second(kind: type[Subject], acts: list[Act]) -> None:
    subject = kind()
    seen = lived(subject, acts)

    assert [is_live for is_live, _, _ in seen] == [ran_s < subject.limit_s for _, ran_s, _ in seen]


@SUBJECTS
@pytest.mark.parametrize("jump_s", [-HOUR_S, -30 * HOUR_S])
def test_a_clock_that_went_back_over_a_restart_ends_the_session(kind: type[Subject], jump_s: float) -> None:
    seen = lived(kind(), [Pass(60), Jump(jump_s), Reboot(0, trusted=True), Jump(-jump_s), Pass(1)])

    assert [is_live for is_live, _, _ in seen] == [True, True, False, False, False]


async def test_what_a_person_may_still_do_ends_with_the_phones_own_time(clock: FakeClock) -> None:
    former = Former(
        staff_id="D-TEST-1",
        rights=(Right.VISITS,),
        signed_in_at=clock.now(),
        countdown=begin(clock, 12 * HOUR_S),
    )
    granted = Granted().with_phone("p1", former)
    clock.jump(-24 * HOUR_S)
    clock.advance(12 * HOUR_S - 1)
    assert granted.acting("p1", clock) is not None
    clock.advance(1)
    assert granted.acting("p1", clock) is None
    assert granted.kept(clock).former == {}
