"""出門前檢查: whether the team may leave, on one list (B15, E02, F02, beyond #4).

The same items and words as the environment check where both look at the same thing; what differs is what a day of
visits needs: the list, the HPC's hours, data sets, records.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final, Protocol, TypeVar

import msgspec

from visitbridge.domain.roc import TAIPEI
from visitbridge.ports.clock import Clock, TimeTrust
from visitbridge.ports.records import StaffSessionRow
from visitbridge.services.datasets import DataSetStatus
from visitbridge.services.environment.box import clock_check, power_check, readers_check, sam_check
from visitbridge.services.environment.report import Check, EnvironmentReport, fail, ok, report_of, warn
from visitbridge.services.live import LiveBoard
from visitbridge.services.records.plans import PlanView
from visitbridge.services.topics import BoxTopic, CardsTopic, PowerTopic, QueueTopic

VISIT_LASTS: Final = dt.timedelta(minutes=30)
"""How long after its planned time a visit is taken to need the HPC."""

DATASETS_WARN_DAYS: Final = 7

TopicT = TypeVar("TopicT", bound=msgspec.Struct)


class TodaysList(Protocol):
    """The part of ``services.records.plans.PlanDesk`` that tells of a day."""

    @property
    def today(self) -> dt.date: ...

    async def of_day(self, day: dt.date) -> tuple[PlanView, ...]: ...


class Sessions(Protocol):
    def sessions(self) -> tuple[StaffSessionRow, ...]: ...


class DataSets(Protocol):
    async def completeness(self) -> DataSetStatus: ...


class DepartureCheck:
    """Nothing of it needs a network; it tells what was done while there was one."""

    def __init__(
        self, board: LiveBoard, clock: Clock, plans: TodaysList, staff: Sessions, datasets: DataSets
    ) -> None:
        self._board = board
        self._clock = clock
        self._plans = plans
        self._staff = staff
        self._datasets = datasets

    async def run(self) -> EnvironmentReport:
        now = self._clock.now()
        plans = await self._plans.of_day(self._plans.today)
        return report_of(
            now,
            [
                list_check(plans),
                sam_check(self._topic("box", BoxTopic), now),
                hpc_check(self._staff.sessions(), plans, now),
                records_check(plans, now, self._clock.trust),
                datasets_check(await self._datasets.completeness(), now),
                clock_check(self._clock.trust),
                readers_check(self._topic("cards", CardsTopic)),
                power_check(self._topic("power", PowerTopic)),
                queue_check(self._topic("queue", QueueTopic)),
            ],
        )

    def _topic(self, name: str, kind: type[TopicT]) -> TopicT | None:
        value = self._board.snapshot().get(name)
        return value if isinstance(value, kind) else None


def list_check(plans: Sequence[PlanView]) -> Check:
    """Who is to be visited; a team that keeps no list may leave all the same."""
    if not plans:
        return warn("list", "empty")
    return ok("list", count=len(plans), first=_clock_text(plans[0]), last=_clock_text(plans[-1]))


def hpc_check(sessions: Sequence[StaffSessionRow], plans: Sequence[PlanView], now: dt.datetime) -> Check:
    """The sign-in that lasts longest, against the end of the last visit that is still to come (F02)."""
    if not sessions:
        return fail("hpc", "none")
    longest = max(sessions, key=lambda row: row.ends_at)
    until = longest.ends_at.astimezone(TAIPEI).strftime("%H:%M")
    coming = [view for view in plans if view.plan.planned_at + VISIT_LASTS > now]
    late = [view for view in coming if view.plan.planned_at + VISIT_LASTS > longest.ends_at]
    if late:
        return fail("hpc", "too_short", until=until, count=len(late), first=_clock_text(late[0]))
    return ok("hpc", until=until)


def records_check(plans: Sequence[PlanView], now: dt.datetime, trust: TimeTrust) -> Check:
    """Downloaded today for everybody who has consented; who has not is no fault of the box.

    Without trusted time nobody can tell whether a consent holds, which is not that there is none.
    """
    if plans and trust is TimeTrust.UNTRUSTED:
        return warn("records", "time")
    consented = [view for view in plans if view.consent is not None]
    day = now.astimezone(TAIPEI).date()
    due = [
        view
        for view in consented
        if view.fetched_at is None or view.fetched_at.astimezone(TAIPEI).date() != day
    ]
    without = len({view.plan.person.id_no for view in plans if view.consent is None})
    if due:
        return fail("records", "due", count=len({view.plan.person.id_no for view in due}))
    if without:
        return warn("records", "no_consent", count=without)
    return ok("records", "ok" if plans else "nobody", count=len(consented))


def datasets_check(status: DataSetStatus, now: dt.datetime) -> Check:
    """Compared with the data centre lately, and nothing missing that a visit needs (B13, B14)."""
    if status.checked_at is None:
        return fail("datasets", "never")
    if status.missing:
        return fail("datasets", "missing", count=len(status.missing))
    days = (now - status.checked_at).days
    if days >= DATASETS_WARN_DAYS:
        return warn("datasets", "old", days=days)
    if status.empty:
        return warn("datasets", "empty", count=len(status.empty))
    return ok("datasets", "ok" if days else "today", days=days)


def queue_check(queue: QueueTopic | None) -> Check:
    """What of earlier visits has not gone out yet."""
    if queue is None or queue.depth == 0:
        return ok("queue")
    if queue.attention:
        return fail("queue", "attention", count=queue.attention)
    return warn("queue", "waiting", count=queue.depth)


def _clock_text(view: PlanView) -> str:
    return view.plan.planned_at.astimezone(TAIPEI).strftime("%H:%M")
