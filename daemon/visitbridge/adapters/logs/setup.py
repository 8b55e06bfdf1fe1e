"""Install the one log handler of the process."""

from __future__ import annotations

import logging
import sys

from visitbridge.adapters.logs.console import ConsoleFormatter
from visitbridge.adapters.systemd import journal_handler, started_by_systemd

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_NOISY = ("aiohttp", "alembic", "asyncio", "PIL", "sqlalchemy")


def set_up_logs(*, form: str, level: str) -> None:
    """``form``: ``console``, ``journal`` or ``auto``; ``level``: a name of ours. Libraries log warnings only."""
    use_journal = form == "journal" or (form == "auto" and started_by_systemd())
    handler = journal_handler() if use_journal else None
    if handler is None:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(ConsoleFormatter())
    logging.basicConfig(level=_LEVELS[level], handlers=[handler], force=True)
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
