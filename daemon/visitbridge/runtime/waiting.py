"""Waiting for something, but not for ever, on a clock that tests can turn by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Protocol


class Waiter(Protocol):
    """The part of the clock that waiting needs."""

    def monotonic(self) -> float: ...

    async def wait_until(self, monotonic_s: float) -> None: ...


async def wait_at_most(clock: Waiter, condition: Awaitable[object], seconds: float) -> bool:
    """Wait for ``condition``, at most ``seconds``; whether it came.

    A coroutine is cancelled when it did not come in time, and an exception of it is raised; a future is left
    as it is in both cases, for its owner to look at.
    """
    is_future = asyncio.isfuture(condition)
    awaited = asyncio.ensure_future(condition)
    timer = asyncio.ensure_future(clock.wait_until(clock.monotonic() + seconds))
    try:
        await asyncio.wait({awaited, timer}, return_when=asyncio.FIRST_COMPLETED)
        if awaited.done() and not is_future:
            awaited.result()
        return awaited.done()
    finally:
        timer.cancel()
        if not is_future:
            awaited.cancel()


async def wait_first(*conditions: Awaitable[object]) -> None:
    """Wait for the first of ``conditions``; the others are cancelled, and what they raise is nobody's."""
    waits = {asyncio.ensure_future(condition) for condition in conditions}
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
