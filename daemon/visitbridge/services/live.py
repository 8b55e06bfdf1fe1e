"""The live board: the latest value of each topic, and a stream of changes for the phones.

Only the UI listens here; services call each other directly, so that a call can be followed in the code.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator

import msgspec


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """``seq`` grows by one per change and never repeats while the process lives."""

    seq: int
    topic: str
    value: msgspec.Struct


class LiveBoard:
    """``history`` changes are kept, so that a phone that was away briefly gets only what it missed."""

    def __init__(self, *, history: int = 256) -> None:
        self._values: dict[str, msgspec.Struct] = {}
        self._recent: deque[Change] = deque(maxlen=history)
        self._seq = 0
        self._waiters: set[asyncio.Event] = set()
        self._closed = False

    @property
    def seq(self) -> int:
        return self._seq

    def put(self, topic: str, value: msgspec.Struct) -> None:
        """Publish; an equal value is not sent again."""
        if self._values.get(topic) == value:
            return
        self._values[topic] = value
        self._append(topic, value)

    def announce(self, topic: str, value: msgspec.Struct) -> None:
        """Send a notice that is no part of the snapshot, such as "visit X changed"."""
        self._append(topic, value)

    def snapshot(self) -> dict[str, msgspec.Struct]:
        return dict(self._values)

    def since(self, seq: int) -> tuple[Change, ...] | None:
        """Changes after ``seq``; None when they are no longer all kept (send a snapshot instead)."""
        oldest = self._recent[0].seq if self._recent else self._seq + 1
        if seq > self._seq or seq < oldest - 1:
            return None
        return tuple(change for change in self._recent if change.seq > seq)

    async def changes(self, after: int) -> AsyncIterator[Change]:
        """Every change after ``after``, as it comes. Ends when the board is closed.

        A listener that falls behind the kept history skips to what is kept; its caller sees the gap in ``seq``.
        """
        last = after
        news = asyncio.Event()
        self._waiters.add(news)
        try:
            while not self._closed:
                news.clear()
                for change in [kept for kept in self._recent if kept.seq > last]:
                    last = change.seq
                    yield change
                await news.wait()
        finally:
            self._waiters.discard(news)

    def close(self) -> None:
        self._closed = True
        self._wake()

    def _append(self, topic: str, value: msgspec.Struct) -> None:
        self._seq += 1
        self._recent.append(Change(seq=self._seq, topic=topic, value=value))
        self._wake()

    def _wake(self) -> None:
        for waiter in self._waiters:
            waiter.set()
