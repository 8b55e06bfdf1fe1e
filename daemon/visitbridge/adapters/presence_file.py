"""Who asks to be paired or opened, and the code for it, in a private file for whoever sits at the box.

``visitbridge pair`` and ``visitbridge codes`` read it; a box with a display of its own shows it there. It lies in the
runtime folder, is replaced whole at every change, and goes away with the process.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Callable
from pathlib import Path

import msgspec

from visitbridge.adapters.private_files import write_private
from visitbridge.services.presence import PresenceDesk, ShownQuestion

log = logging.getLogger(__name__)

FILE_NAME = "presence.json"


def read_questions(file: Path, now: dt.datetime) -> tuple[ShownQuestion, ...]:
    """Those that are not over yet; none when no daemon runs."""
    try:
        questions = msgspec.json.decode(file.read_bytes(), type=tuple[ShownQuestion, ...])
    except (FileNotFoundError, msgspec.DecodeError):
        return ()
    return tuple(shown for shown in questions if shown.question.expires_at > now)


class PresenceFile:
    """Service: follows the desk."""

    name = "presence"
    critical = False

    def __init__(self, desk: PresenceDesk, folder: Path) -> None:
        self._desk = desk
        self._file = folder / FILE_NAME
        desk.when_changed(self._write)

    async def run(self, ready: Callable[[], None]) -> None:
        self._write()
        ready()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self._file.unlink(missing_ok=True)

    def _write(self) -> None:
        try:
            write_private(self._file, msgspec.json.encode(self._desk.for_console()))
        except OSError as exc:
            log.warning("who asks is not shown at the box: %s", exc.strerror)
