"""One connection to a reader: dialogues one after the other, notices as they come, an end that is never unsaid."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from visitbridge.adapters.ble.families import Family
from visitbridge.errors import CardError, DeviceError, DeviceTimeout, ReaderRemoved, Retry
from visitbridge.ports.gatt import GattLink
from visitbridge.protocols.reader_talk import Dialogue, Notice, Turn, cut, out_of_step

# A card answers within its waiting time, some seconds at most; a reader that needs longer asks for more.
_REPLY_S = 5.0
_MOST_UNREAD = 16

R = TypeVar("R")
T = TypeVar("T")


class Line(Generic[R]):
    """``tell`` hears every notice, and once the error by which the line ended.

    ``reply_s``: how long to wait for a reply to which the reader asked for no more time.
    """

    def __init__(
        self,
        link: GattLink,
        family: Family[R],
        tell: Callable[[Notice | DeviceError], None],
        *,
        reply_s: float = _REPLY_S,
    ) -> None:
        self._link = link
        self._family = family
        self._tell = tell
        self._reply_s = reply_s
        self._turn = asyncio.Lock()
        self._heard: deque[R] = deque()
        self._news = asyncio.Event()
        self._is_asked = False
        self._error: DeviceError | None = None

    @property
    def is_up(self) -> bool:
        return self._error is None

    async def open(self) -> None:
        """Subscribe and greet. Raises DeviceError."""
        self._link.start(self._on_value, self.end)
        for pipe in self._family.pipes:
            await self._link.subscribe(pipe)
        await self.hold(self._family.greet(), deadline_s=_REPLY_S)

    async def hold(self, dialogue: Dialogue[R, T], *, deadline_s: float) -> T:
        """Hold a dialogue to its end. One that ends in doubt, or is left, ends the line.

        Raises what the dialogue raises, ReaderRemoved, DeviceTimeout (both ``retry=unknown``).
        """
        is_settled = True
        try:
            async with asyncio.timeout(deadline_s), self._turn:
                is_settled = False
                result = await self._run(dialogue)
            is_settled = True
            return result
        except TimeoutError as exc:
            raise DeviceTimeout("no answer from the reader in time") from exc
        except CardError:
            is_settled = True
            raise
        except DeviceError as exc:
            is_settled = exc.retry is not Retry.UNKNOWN
            raise
        finally:
            if not is_settled:
                self.end(out_of_step("a dialogue ended in doubt"))

    def end(self, error: DeviceError) -> None:
        """From now on nothing is sent or understood any more."""
        if self._error is None:
            self._error = error
            self._news.set()
            self._tell(error)

    async def _run(self, dialogue: Dialogue[R, T]) -> T:
        try:
            turn = next(dialogue)
            while True:
                reply = await self._exchange(turn)
                turn = dialogue.send(reply)
        except StopIteration as stop:
            result: T = stop.value
            return result

    async def _exchange(self, turn: Turn) -> R:
        self._is_asked = True
        try:
            async with asyncio.timeout(self._reply_s * turn.patience):
                for piece in cut(turn.message):
                    self._check()
                    await self._write(piece)
                while not self._heard:
                    self._check()
                    self._news.clear()
                    await self._news.wait()
                return self._heard.popleft()
        finally:
            self._is_asked = False

    async def _write(self, piece: bytes) -> None:
        try:
            await self._link.write(self._family.command_pipe, piece)
        except DeviceError as exc:
            # The reader may have a part of a message now.
            self.end(exc)
            raise ReaderRemoved("the link does not take what is written to it") from exc

    def _check(self) -> None:
        if self._error is not None:
            raise ReaderRemoved("the connection to the reader ended") from self._error

    def _on_value(self, pipe: str, piece: bytes) -> None:
        if self._error is not None:
            return
        try:
            heard = self._family.take(pipe, piece)
        except DeviceError as exc:
            self.end(exc)
            return
        for item in heard:
            if isinstance(item, Notice):
                self._tell(item)
            elif self._family.numbers_replies or (self._is_asked and not self._heard):
                self._hear(item)
            else:
                self.end(out_of_step("a reply that nobody asked for"))

    def _hear(self, reply: R) -> None:
        if not self._turn.locked():
            return
        self._heard.append(reply)
        self._news.set()
        if len(self._heard) > _MOST_UNREAD:
            self.end(out_of_step("more replies than anybody asked for"))
