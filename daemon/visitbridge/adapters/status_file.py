"""The box's health in one file, for updaters and ``visitbridge queue``: drained or not, how old, which version.

It holds no personal data. It lies in the runtime folder, is replaced whole at most once a second, and goes away with
the process.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from visitbridge.adapters.private_files import write_private
from visitbridge.ports.clock import Clock
from visitbridge.services.live import LiveBoard
from visitbridge.services.topics import BoxTopic, LinkTopic, QueueTopic, StoreTopic

log = logging.getLogger(__name__)

FILE_NAME = "status.json"
_PACE_S = 1.0
_TOPICS = {"box", "link", "queue", "store"}


class BoxStatus(msgspec.Struct, frozen=True, kw_only=True):
    """``drained``: nothing waits to be written or sent, so the box may be updated or erased.

    ``rescued_at``: a backup took the place of a damaged database, and nobody has taken care of it yet; what was
    saved after ``backup_at`` is in the damaged file only.
    """

    version: str
    pid: int
    written_at: dt.datetime
    drained: bool
    queue: QueueTopic | None
    link: str
    bound: bool
    enabled: bool
    rescued_at: dt.datetime | None = None
    backup_at: dt.datetime | None = None


def read_status(folder: Path) -> BoxStatus | None:
    """What the running daemon wrote last; None when none runs."""
    try:
        status = msgspec.json.decode((folder / FILE_NAME).read_bytes(), type=BoxStatus)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    return status if _is_running(status.pid) else None


def _is_running(pid: int) -> bool:
    # Not by /proc, where the gateway hides from everybody else, its own user included (adapters/memory.py).
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class StatusFile:
    """Service: follows the live board."""

    name = "status"
    critical = True

    def __init__(self, board: LiveBoard, clock: Clock, folder: Path, *, version: str) -> None:
        self._board = board
        self._clock = clock
        self._file = folder / FILE_NAME
        self._version = version

    async def run(self, ready: Callable[[], None]) -> None:
        told_seq = self._write()
        ready()
        try:
            async for change in self._board.changes(told_seq):
                if change.topic in _TOPICS and change.seq > told_seq:
                    told_seq = self._write()
                    await self._clock.wait_until(self._clock.monotonic() + _PACE_S)
        finally:
            self._file.unlink(missing_ok=True)

    def _write(self) -> int:
        """The whole state as it is now; returns the seq up to which it speaks."""
        try:
            write_private(self._file, msgspec.json.encode(self._status()))
        except OSError as exc:
            log.warning("status file not written: %s", exc.strerror)
        return self._board.seq

    def _status(self) -> BoxStatus:
        topics = self._board.snapshot()
        box, link, queue = topics.get("box"), topics.get("link"), topics.get("queue")
        store = topics.get("store")
        known_store = store if isinstance(store, StoreTopic) else StoreTopic()
        known_queue = queue if isinstance(queue, QueueTopic) else None
        return BoxStatus(
            version=self._version,
            pid=os.getpid(),
            written_at=self._clock.now(),
            drained=known_queue is not None and known_queue.depth == 0,
            queue=known_queue,
            link=link.link if isinstance(link, LinkTopic) else "",
            bound=isinstance(box, BoxTopic) and box.bound,
            enabled=isinstance(box, BoxTopic) and box.enabled,
            rescued_at=known_store.rescued_at,
            backup_at=known_store.backup_at,
        )
