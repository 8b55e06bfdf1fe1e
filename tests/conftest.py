"""What holds for every test: no leaks, a deadline, a clock turned by hand."""

from __future__ import annotations

import asyncio
import inspect
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests import leaks, pcsc, system_bus
from visitbridge.sim.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterator

pcsc.name_our_pcscd()
system_bus.name_our_bus()

# How fast an example is made and run belongs to the benches, on a person's machine as on the build server.
settings.register_profile(
    "at any speed", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("at any speed")

# Suites that start whole programs; `dev` runs them apart from the unit tests. Seconds one test may take.
_SLOW_SUITES_TIMEOUT_S = {
    "scenario": 600,
    "webui": 600,
    "security": 300,
    "crash": 600,
    "powercut": 600,
    "readers": 600,
    "fuzz": 300,
    "network": 300,
    "bench": 900,
    "vm": 600,
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        timeout_s = _SLOW_SUITES_TIMEOUT_S.get(item.path.relative_to(here).parts[0])
        if timeout_s is not None and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(timeout_s))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(autouse=True)
def nothing_leaks(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves a thread, a child process or (coroutine tests) a task behind.

    Fixtures of wider scope may keep theirs: they were there before.
    """
    threads, children = leaks.threads(), leaks.children()
    if inspect.iscoroutinefunction(getattr(request.node, "obj", None)):
        request.getfixturevalue("no_task_leaks")
    yield
    _expect_none("threads", leaks.threads() - threads)
    _expect_none("child processes", leaks.children() - children)


@pytest.fixture
async def no_task_leaks() -> AsyncIterator[None]:
    """Part of ``nothing_leaks``; not to be asked for by tests."""
    before = leaks.tasks()
    yield
    # What the test cancelled in its last line is still on its way out.
    await asyncio.sleep(0)
    _expect_none("tasks", leaks.tasks() - before)


def _expect_none(what: str, left: Collection[object]) -> None:
    if left:
        pytest.fail(f"the test left {what} behind: {', '.join(sorted(map(str, left)))}", pytrace=False)
