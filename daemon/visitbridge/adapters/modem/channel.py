"""AT commands over a byte stream: one at a time, each with its deadline, its bearings found again after silence."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from visitbridge.errors import DeviceError, ModemSilent
from visitbridge.ports.modem import ByteStream
from visitbridge.protocols.at.commands import Command, Reply
from visitbridge.protocols.at.engine import PREAMBLE, AtEngine
from visitbridge.runtime.waiting import Waiter, wait_at_most

TRAFFIC = 5
"""Log level of AT lines, below DEBUG; off unless asked for."""

log = logging.getLogger(__name__)


class AtChannel:
    """Uses ``stream``, which its opener closes. Call :meth:`listen` once before anything else."""

    def __init__(self, stream: ByteStream, clock: Waiter) -> None:
        self._stream = stream
        self._clock = clock
        self._engine = AtEngine()
        self._turn = asyncio.Lock()
        self._answer: asyncio.Future[Reply] | None = None
        self._lost: DeviceError | None = None
        self._greeted = False
        self._on_urc: Callable[[str], None] | None = None
        self._on_lost: Callable[[], None] | None = None

    def listen(self, *, on_urc: Callable[[str], None], on_lost: Callable[[], None]) -> None:
        """Start reading. ``on_urc`` hears what the modem says by itself, ``on_lost`` that the port is gone."""
        self._on_urc = on_urc
        self._on_lost = on_lost
        self._stream.start(self._take, self._lose)

    async def run(self, command: Command) -> Reply:
        """Send one command and wait for its result.

        Raises ModemAbsent when the port goes away, ModemSilent when no result comes within the command's
        deadline (whether the modem acted is then open) or nothing at all comes any more.
        """
        async with self._turn:
            if self._engine.astray:
                await self._find_bearings()
            reply = await self._exchange(self._engine.start(command, self._clock.monotonic()))
        if reply is None:
            raise ModemSilent(f"no answer to {command.label} within {command.deadline_s:g} s")
        return reply

    async def _find_bearings(self) -> None:
        if not self._greeted:
            self._greeted = True
            await self._exchange(self._engine.start(PREAMBLE, self._clock.monotonic()))
        while self._engine.astray:
            if self._engine.lost:
                raise ModemSilent("no answer to any probe")
            await self._exchange(self._engine.start_probe(self._clock.monotonic()))

    async def _exchange(self, data: bytes) -> Reply | None:
        """Send what the engine has put in flight; the reply, or None for silence."""
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._answer = answer
        try:
            if self._lost is not None:
                raise self._lost
            self._stream.write(data)
            left_s = (self._engine.deadline_s or 0.0) - self._clock.monotonic()
            came = await wait_at_most(self._clock, answer, left_s)
            return answer.result() if came else None
        finally:
            self._answer = None
            self._engine.abandon()

    def _take(self, data: bytes) -> None:
        for event in self._engine.receive(data):
            if isinstance(event, Reply):
                log.log(TRAFFIC, "%s: %s %s %s", event.command.label, event.lines, event.final, event.text)
                if self._answer is not None and not self._answer.done():
                    self._answer.set_result(event)
            elif self._on_urc is not None:
                log.log(TRAFFIC, "told %s", event.line)
                self._on_urc(event.line)
        due = self._engine.outgoing()
        if due:
            self._stream.write(due)

    def _lose(self, error: DeviceError) -> None:
        self._lost = error
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)
        if self._on_lost is not None:
            self._on_lost()
