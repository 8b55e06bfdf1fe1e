"""A lane: one daemon thread that owns one blocking library.

Nothing outside the lane touches its handles. Every call has a deadline. Cancelling an awaited call does not
stop the thread, so a call that outlives its deadline makes the whole lane *late*: its owner closes the lane,
opens a new one, and never repeats the call blindly.
"""

from __future__ import annotations

import asyncio
import math
import queue
import threading
import time
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple, Unpack

import msgspec

from visitbridge.errors import DeviceError, LaneLate

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_Call = Callable[[], None]


class LaneClosed(DeviceError):
    """The lane does not take calls any more."""

    code = "GW-DEV-07"


class LaneStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """``busy_for_s``: how long the call in hand has been running; 0 when idle."""

    name: str
    calls: int
    late: int
    waiting: int
    busy_for_s: float
    is_late: bool


class Lane:
    """Runs calls one after another in a thread of its own.

    Create it inside a running event loop. ``close`` waits for the call in hand, at most ``grace_s``.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._loop = asyncio.get_running_loop()
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._ended = asyncio.Event()
        self._closed = False
        self._late = 0
        self._done = 0
        self._started_at: float | None = None
        self._due_at = math.inf
        self._thread = _LaneThread(self, target=self._run, name=f"lane-{name}", daemon=True)
        self._thread.start()

    async def call(self, fn: Callable[[Unpack[Ts]], T], *args: *Ts, deadline_s: float) -> T:
        """Run ``fn(*args)`` in the lane. Raises LaneLate after ``deadline_s``, LaneClosed on a closed lane.

        The deadline counts from the moment of asking, so it covers waiting behind other calls. When the
        awaiting task is cancelled the call still runs to its end and its result is dropped.
        """
        return await self.start(fn, *args, deadline_s=deadline_s)

    def start(self, fn: Callable[[Unpack[Ts]], T], *args: *Ts, deadline_s: float) -> asyncio.Future[T]:
        """Ask for a call and go on: the future that ``call`` awaits, for code that is not in a task."""
        if self._closed:
            raise LaneClosed(f"lane {self.name}")
        future: asyncio.Future[T] = self._loop.create_future()
        timer = self._loop.call_later(deadline_s, self._expire, future, deadline_s)
        due_at = time.monotonic() + deadline_s

        def work() -> None:
            self._due_at = due_at
            try:
                result = fn(*args)
            except BaseException as exc:  # noqa: BLE001 - raised again in the task that asked
                self.post(_fail, future, timer, exc)
            else:
                self.post(_succeed, future, timer, result)

        self._calls.put(work)
        return future

    def post(self, callback: Callable[[Unpack[Ts]], object], *args: *Ts) -> None:
        """From the lane's thread: run ``callback`` on the event loop. Dropped when the loop is closed."""
        try:
            self._loop.call_soon_threadsafe(callback, *args)
        except RuntimeError:
            if not self._loop.is_closed():
                raise

    def statistics(self) -> LaneStatistics:
        started = self._started_at
        return LaneStatistics(
            name=self.name,
            calls=self._done,
            late=self._late,
            waiting=self._calls.qsize(),
            busy_for_s=0.0 if started is None else time.monotonic() - started,
            is_late=self._late > 0,
        )

    def is_overdue(self) -> bool:
        """Whether the call in hand is past its deadline now."""
        return self._started_at is not None and time.monotonic() > self._due_at

    async def close(self, *, grace_s: float = 5.0) -> bool:
        """Take no more calls; wait for those already asked for. False when the thread would not end."""
        if not self._closed:
            self._closed = True
            self._calls.put(None)
        try:
            await asyncio.wait_for(self._ended.wait(), grace_s)
        except TimeoutError:
            return False
        self._thread.join(timeout=grace_s)
        return True

    def _expire(self, future: asyncio.Future[T], deadline_s: float) -> None:
        if not future.done():
            self._late += 1
            future.set_exception(LaneLate(f"lane {self.name}: no answer within {deadline_s:g} s"))

    def _run(self) -> None:
        while (work := self._calls.get()) is not None:
            self._started_at = time.monotonic()
            work()
            self._started_at = None
            self._due_at = math.inf
            self._done += 1
        self.post(self._ended.set)


class _LaneThread(threading.Thread):
    def __init__(self, lane: Lane, *, target: Callable[[], None], name: str, daemon: bool) -> None:
        super().__init__(target=target, name=name, daemon=daemon)
        self.lane = lane


def overdue_lanes() -> list[str]:
    """Names of all lanes of this process whose call in hand is past its deadline, given up by their owners or not."""
    threads = (thread for thread in threading.enumerate() if isinstance(thread, _LaneThread))
    return sorted(thread.lane.name for thread in threads if thread.lane.is_overdue())


def _succeed(future: asyncio.Future[T], timer: asyncio.TimerHandle, result: T) -> None:
    timer.cancel()
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[T], timer: asyncio.TimerHandle, error: BaseException) -> None:
    timer.cancel()
    if not future.done():
        future.set_exception(error)
