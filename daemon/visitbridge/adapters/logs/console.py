"""Log lines for people: time, level, logger, message, then ``key=value`` for each field."""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections.abc import Mapping


def fields_of(record: logging.LogRecord) -> Mapping[str, object]:
    """What a caller gave as ``extra={"fields": {…}}``."""
    fields = getattr(record, "fields", None)
    return fields if isinstance(fields, Mapping) else {}


class ConsoleFormatter(logging.Formatter):
    """UTC with milliseconds. Values with blanks or control characters are quoted, so one record is one line."""

    def format(self, record: logging.LogRecord) -> str:
        at = dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds")
        message = record.getMessage().replace("\n", " ")
        fields = "".join(f" {name}={_value(value)}" for name, value in fields_of(record).items())
        line = f"{at} {record.levelname.lower():7} {record.name}: {message}{fields}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _value(value: object) -> str:
    text = str(value)
    plain = text.isprintable() and text and not any(c in text for c in ' "=')
    return text if plain else json.dumps(text, ensure_ascii=False)
