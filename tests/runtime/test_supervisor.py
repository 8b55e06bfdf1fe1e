"""Services start in order behind gates, device services come back, everything else ends the process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tests.patience import PATIENCE_S
from visitbridge.errors import LinkDown, PcscUnavailable, StoreDamaged
from visitbridge.runtime.supervisor import Phase, ServiceState, Supervisor
from visitbridge.sim.clock import FakeClock


class Recorder:
    """A service that notes its life in a shared list and fails as it is told to."""

    def __init__(
        self, name: str, journal: list[str], *, critical: bool = True, failures: list[Exception] | None = None
    ) -> None:
        self.name = name
        self.critical = critical
        self._journal = journal
        self._failures = failures or []

    async def run(self, ready: Callable[[], None]) -> None:
        self._journal.append(f"{self.name} starts")
        if self._failures:
            raise self._failures.pop(0)
        ready()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self._journal.append(f"{self.name} stops")


async def _until(condition: Callable[[], bool]) -> None:
    for _ in range(200):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("condition never held")


def _start(supervisor: Supervisor) -> tuple[asyncio.Task[None], asyncio.Event]:
    ready = asyncio.Event()
    return asyncio.ensure_future(supervisor.run(ready.set)), ready


async def test_start_in_order_and_stop_in_reverse() -> None:
    journal: list[str] = []
    supervisor = Supervisor([Recorder(n, journal) for n in ("store", "cards", "api")], FakeClock())
    task, ready = _start(supervisor)
    await asyncio.wait_for(ready.wait(), PATIENCE_S)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert journal == [
        *(f"{n} starts" for n in ("store", "cards", "api")),
        *(f"{n} stops" for n in ("api", "cards", "store")),
    ]


async def test_a_failing_critical_service_ends_all() -> None:
    journal: list[str] = []
    services = [Recorder("store", journal), Recorder("api", journal, failures=[StoreDamaged()])]
    with pytest.raises(ExceptionGroup) as caught:
        await Supervisor(services, FakeClock()).run(lambda: None)
    assert caught.group_contains(StoreDamaged)
    assert "store stops" in journal


@pytest.mark.parametrize("error", [PcscUnavailable(), LinkDown()])
async def test_a_device_service_comes_back_after_its_delay(error: Exception) -> None:
    journal: list[str] = []
    states: list[ServiceState] = []
    clock = FakeClock()
    service = Recorder("pcsc", journal, critical=False, failures=[error])
    supervisor = Supervisor(
        [service], clock, on_change=states.append, jitter=lambda: 0.0, start_budget_s=0.01
    )
    task, ready = _start(supervisor)
    await asyncio.wait_for(ready.wait(), PATIENCE_S)
    await _until(lambda: clock.sleepers == 1)
    assert [s.phase for s in states] == [Phase.STARTING, Phase.DEGRADED]
    clock.advance(0.5)
    await _until(lambda: states[-1].phase is Phase.READY)
    assert journal.count("pcsc starts") == 2
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_delays_double_up_to_the_longest() -> None:
    clock = FakeClock()
    journal: list[str] = []
    failures: list[Exception] = [PcscUnavailable() for _ in range(6)]
    service = Recorder("pcsc", journal, critical=False, failures=failures)
    supervisor = Supervisor(
        [service], clock, jitter=lambda: 0.0, start_budget_s=0.01, first_delay_s=1, longest_delay_s=4
    )
    task, _ = _start(supervisor)
    began = clock.monotonic()
    starts_at: list[float] = []
    await _until(lambda: clock.sleepers == 1)
    while failures:
        before = len(journal)
        while len(journal) == before:
            clock.advance(0.25)
            await asyncio.sleep(0)
        starts_at.append(clock.monotonic() - began)
    clock.advance(4)
    await _until(lambda: supervisor.states()[0].phase is Phase.READY)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert starts_at == [1, 3, 7, 11, 15]


async def test_a_bug_in_a_device_service_is_not_hidden() -> None:
    service = Recorder("pcsc", [], critical=False, failures=[KeyError("bug")])
    with pytest.raises(ExceptionGroup) as caught:
        await Supervisor([service], FakeClock()).run(lambda: None)
    assert caught.group_contains(KeyError)
