"""The promises of `tests/conftest.py`, kept: small test files run under a copy of it."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[1]

LEAKING = {
    "threads": """
        import threading
        gate = threading.Event()
        def test_leaving_a_thread():
            threading.Thread(target=gate.wait, args=[9]).start()
        def test_next():
            gate.set()
    """,
    "child processes": """
        import subprocess
        def test_leaving_a_child():
            global child
            child = subprocess.Popen(["sleep", "9"])
        def test_next():
            child.kill()
            child.wait()
    """,
    "child processes that ended": """
        import os, subprocess
        def test_leaving_a_zombie():
            global child
            child = subprocess.Popen(["true"])
            os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        def test_next():
            child.wait()
    """,
    "tasks": """
        import asyncio
        async def test_leaving_a_task():
            global task
            task = asyncio.create_task(asyncio.sleep(9))
        def test_next():
            pass
    """,
}

CLEAN = """
    import asyncio, contextlib, subprocess
    import pytest
    from hypothesis import given, settings, strategies as st

    @pytest.fixture
    async def server():
        task = asyncio.create_task(asyncio.sleep(9))
        yield task
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    @pytest.fixture(scope="module")
    def program():
        child = subprocess.Popen(["sleep", "9"])
        yield child
        child.kill()
        child.wait()

    async def test_a_call_in_the_pool_of_the_loop():
        await asyncio.to_thread(int)

    async def test_a_child_waited_for():
        process = await asyncio.create_subprocess_exec("true")
        assert await process.wait() == 0

    async def test_a_task_cancelled_in_the_last_line():
        asyncio.create_task(asyncio.sleep(9)).cancel()

    async def test_a_fixture_that_ends_its_task(server):
        assert not server.done()

    def test_a_fixture_of_wider_scope(program):
        assert program.poll() is None

    @settings(max_examples=3)
    @given(st.integers())
    def test_many_examples(number):
        assert isinstance(number, int)

    @settings(max_examples=3)
    @given(st.integers())
    async def test_many_examples_in_coroutines(number):
        assert isinstance(number, int)
"""


@pytest.fixture
def house(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makeconftest((ROOT / "tests/conftest.py").read_text("utf-8"))
    pytester.makeini("[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n")
    return pytester


@pytest.mark.parametrize("what", LEAKING)
def test_a_leak_fails_the_test_that_left_it(house: pytest.Pytester, what: str) -> None:
    house.makepyfile(LEAKING[what])

    result = house.runpytest_subprocess("-p", "no:cacheprovider")

    # It shows at teardown: the test itself has passed by then, and so does its innocent neighbour.
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines([f"the test left {what.removesuffix(' that ended')} behind: *"])


def test_tests_that_clean_up_pass(house: pytest.Pytester) -> None:
    house.makepyfile(CLEAN)

    result = house.runpytest_subprocess("-p", "no:cacheprovider")

    result.assert_outcomes(passed=7)


@pytest.mark.parametrize(
    ("folder", "outcome"), [("scenario", {"passed": 1}), ("services", {"failed": 1})], ids=["slow", "unit"]
)
def test_only_suites_of_whole_programs_get_more_time(
    house: pytest.Pytester, folder: str, outcome: dict[str, int]
) -> None:
    (house.mkdir(folder) / "test_patience.py").write_text(
        "import time\ndef test_patience():\n    time.sleep(0.3)\n", "utf-8"
    )

    result = house.runpytest_subprocess("-p", "no:cacheprovider", "--timeout=0.1", "--timeout-method=signal")

    result.assert_outcomes(**outcome)
