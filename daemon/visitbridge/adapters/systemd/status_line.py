"""The box's state in words on the line that ``systemctl status`` shows; see sd_notify(3), STATUS=."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from visitbridge.adapters.systemd.notifier import Notifier
from visitbridge.ports.clock import Clock
from visitbridge.services.live import LiveBoard
from visitbridge.services.state_line import TOPICS, state_line

_PACE_S = 1.0


class StatusLine:
    """Service: follows the live board. ``texts``: of one language. ``url``: where phones find the box.

    The same line is not told twice, and a new one at most once a second.
    """

    name = "status_line"
    critical = True

    def __init__(
        self,
        notifier: Notifier,
        board: LiveBoard,
        clock: Clock,
        texts: Mapping[str, str],
        *,
        url: Callable[[], str],
    ) -> None:
        self._notifier = notifier
        self._board = board
        self._clock = clock
        self._texts = texts
        self._url = url
        self._told = ""

    def line(self) -> str:
        """What there is to say now."""
        phrases = (state_line(self._board.snapshot(), self._texts), self._url())
        return self._texts["service.between"].join(filter(None, phrases))

    async def run(self, ready: Callable[[], None]) -> None:
        told_seq = self._board.seq
        ready()
        async for change in self._board.changes(told_seq):
            if change.topic in TOPICS and change.seq > told_seq:
                told_seq = self._tell()
                await self._clock.wait_until(self._clock.monotonic() + _PACE_S)

    def _tell(self) -> int:
        """Returns the seq up to which the line speaks."""
        line = self.line()
        if line != self._told:
            self._told = line
            self._notifier.status(line)
        return self._board.seq
