"""Waits for pcscd to tell of a change in its readers or their slots."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import msgspec

from visitbridge.adapters.pcsc import binding
from visitbridge.adapters.pcsc.binding import MOST_READERS, PNP_READER, Outcome, ScardError, SlotStatus
from visitbridge.adapters.pcsc.slots import SlotBook
from visitbridge.errors import LaneLate, PcscUnavailable
from visitbridge.ports.cards import ReaderInfo
from visitbridge.runtime.lane import Lane

log = logging.getLogger(__name__)

_CALL_S = 5.0
# pcscd before 2.3 counts its readers when it is asked to wait, so it never tells of one that came between the list it
# gave and that. The list is therefore asked for again soon after a change, as readers seldom come alone, and then once a
# minute; nothing else wakes the process up while no card moves.
_FIRST_LOOK_MS = 5_000
_LOOK_MS = 60_000


class _Sight(msgspec.Struct, frozen=True):
    """``names``: of all slots. ``statuses``: of those that changed, none where ``names`` are others than expected."""

    names: list[str]
    statuses: list[SlotStatus]


class _Eye:
    """The blocking side, for its lane only but for :meth:`end_look`, which is made to be called from elsewhere."""

    def __init__(self) -> None:
        self._context: int | None = None

    @property
    def is_open(self) -> bool:
        return self._context is not None

    def open(self) -> int:
        """The context. Raises ScardError."""
        if self._context is None:
            self._context = binding.establish_context()
        return self._context

    def look(self, known: list[str], believed: Sequence[tuple[str, int]], wait_ms: int) -> _Sight:
        """Wait for a change, unless the slots are others than those ``known``. Raises ScardError."""
        names = binding.list_readers(self.open())
        return _Sight(names, self.wait(believed, wait_ms) if names == known else [])

    def wait(self, believed: Sequence[tuple[str, int]], wait_ms: int) -> list[SlotStatus]:
        """Wait for a change. Raises ScardError."""
        return binding.wait_change(self.open(), believed, wait_ms)

    def end_look(self) -> None:
        if self._context is not None:
            binding.cancel(self._context)

    def release(self) -> None:
        if self._context is not None:
            binding.release_context(self._context)
            self._context = None


class Monitor:
    """A lane that waits in SCardGetStatusChange, and a second one, as only another thread can end the wait."""

    def __init__(self, book: SlotBook) -> None:
        self._book = book
        self._eye = _Eye()
        self._lane = Lane("pcsc-watch")
        self._waker = Lane("pcsc-cancel")
        self._believed: dict[str, int] = {}
        self._believed_of_list = binding.UNAWARE
        self._is_list_due = True
        self._wait_ms = _FIRST_LOOK_MS

    async def next_changes(self) -> list[ReaderInfo]:
        """Wait for the next changes, at most a minute. Raises PcscUnavailable, LaneLate."""
        try:
            return await self._look()
        except ScardError as exc:
            self._is_list_due = True
            self._wait_ms = _FIRST_LOOK_MS
            if exc.outcome == Outcome.UNKNOWN_READER:
                return []
            self._believed.clear()
            self._believed_of_list = binding.UNAWARE
            await self._lane.call(self._eye.release, deadline_s=_CALL_S)
            raise PcscUnavailable(str(exc)) from exc

    async def close(self) -> None:
        """Give the context back. A cancel that comes before the wait began is lost, so it is repeated."""
        for _ in range(10):
            try:
                await self._waker.call(self._eye.end_look, deadline_s=_CALL_S)
                await self._lane.call(self._eye.release, deadline_s=0.2)
            except LaneLate:
                continue
            break
        else:
            log.warning("pcscd does not let go of a waiting call; its thread is left behind")
        await self._lane.close(grace_s=_CALL_S)
        await self._waker.close(grace_s=_CALL_S)

    async def _look(self) -> list[ReaderInfo]:
        if not self._eye.is_open:
            await self._lane.call(self._eye.open, deadline_s=_CALL_S)
        deadline_s = self._wait_ms / 1000 + _CALL_S
        while self._is_list_due:
            known = list(self._believed)
            sight = await self._lane.call(
                self._eye.look, known, self._question(), self._wait_ms, deadline_s=deadline_s
            )
            if sight.names == known:
                return self._take(sight.statuses)
            self._believed = {name: self._believed.get(name, binding.UNAWARE) for name in sight.names}
            if gone := self._book.keep(sight.names):
                return gone
        return self._take(
            await self._lane.call(self._eye.wait, self._question(), self._wait_ms, deadline_s=deadline_s)
        )

    def _take(self, statuses: list[SlotStatus]) -> list[ReaderInfo]:
        self._is_list_due = not statuses
        self._wait_ms = _FIRST_LOOK_MS if statuses else _LOOK_MS
        for status in statuses:
            if status.name == PNP_READER:
                self._believed_of_list = status.believed
                self._is_list_due |= status.is_changed
            else:
                self._believed[status.name] = status.believed
                self._is_list_due |= status.is_gone
        return self._book.update(statuses)

    def _question(self) -> list[tuple[str, int]]:
        believed = list(self._believed.items())
        if len(believed) < MOST_READERS:
            # With all places taken no reader can come, and there is no room for the question.
            believed.append((PNP_READER, self._believed_of_list))
        return believed
