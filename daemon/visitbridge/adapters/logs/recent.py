"""The last log records in memory, reduced to what a support bundle may hold; the journal itself is not ours to read."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import re
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Final

from visitbridge.adapters.logs.console import fields_of
from visitbridge.protocols.support import LogLine

KEPT: Final = 2000
_OURS: Final = "visitbridge"
_CODE: Final = re.compile(r"GW-[A-Z]{2,3}-\d\d|GW-000")
_LARGEST_NUMBER: Final = 65_536
_NUMBERS: Final = frozenset({"port", "status"})
_WORDS: Final[Mapping[str, re.Pattern[str]]] = {
    "error": re.compile(r"[A-Za-z]{1,60}"),
    "method": re.compile(r"[A-Z]{3,7}"),
    "place": re.compile(r"[A-Za-z_.<>]{1,120}:\d{1,5}"),
    "route": re.compile(r"/[a-z_{}/-]{1,100}"),
    "version": re.compile(r"[0-9][0-9a-z.+-]{0,20}"),
}
"""Fields that are kept, and the form that their value must have; every other one is dropped, its name too."""


class RecentLogs(logging.Handler):
    """Handler: keeps :data:`KEPT` lines of our own loggers. A message's values are dropped, since any may be personal."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: deque[LogLine] = deque(maxlen=KEPT)

    def lines(self) -> tuple[LogLine, ...]:
        """The oldest first."""
        return tuple(self._lines)

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.partition(".")[0] == _OURS and isinstance(record.msg, str):
            self._lines.append(reduced(record, record.msg))


def reduced(record: logging.LogRecord, text: str) -> LogLine:
    """``text`` is the message as written in the source, with its placeholders."""
    values = record.args if isinstance(record.args, tuple) else ()
    codes = tuple(code for value in values for code in _CODE.findall(str(value)))
    return LogLine(
        at=dt.datetime.fromtimestamp(record.created, dt.UTC),
        level=record.levelname.lower(),
        logger=record.name,
        text=text,
        codes=codes,
        fields=_allowed(fields_of(record)),
    )


def _allowed(fields: Mapping[str, object]) -> dict[str, str | int]:
    return {
        name: value
        for name, value in fields.items()
        if (isinstance(value, int) and name in _NUMBERS and abs(value) < _LARGEST_NUMBER)
        or (isinstance(value, str) and name in _WORDS and _WORDS[name].fullmatch(value))
    }


@contextlib.contextmanager
def open_recent_logs() -> Iterator[RecentLogs]:
    """Listen to our own loggers until the block ends."""
    logger, handler = logging.getLogger(_OURS), RecentLogs()
    logger.addHandler(handler)
    try:
        yield handler
    finally:
        logger.removeHandler(handler)
