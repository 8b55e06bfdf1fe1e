"""Whether the journal is ours to write to."""

from __future__ import annotations

import importlib.util
import logging
import os


def started_by_systemd() -> bool:
    """systemd sets JOURNAL_STREAM when it connected our output to the journal (systemd.exec(5))."""
    stream = os.environ.get("JOURNAL_STREAM", "")
    status = os.fstat(2)
    return stream == f"{status.st_dev}:{status.st_ino}"


def journal_handler() -> logging.Handler | None:
    """None where systemd's Python binding is not installed."""
    if importlib.util.find_spec("systemd") is None:
        return None
    from visitbridge.adapters.systemd.binding import FieldHandler  # noqa: PLC0415 - may be absent

    return FieldHandler()
