"""The only file that imports systemd-python."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from systemd import daemon, journal


def notify(state: str) -> None:
    """Tell the service supervisor, as sd_notify(3) says; nothing happens without one."""
    daemon.notify(state)


def listening_files() -> dict[int, str]:
    """Numbers and names of the sockets that systemd opened for this process, taken out of the environment."""
    return dict(daemon.listen_fds_with_names(unset_environment=True))


class FieldHandler(journal.JournalHandler):
    """Sends a record with its fields as journal fields ``VB_<NAME>``.

    Only the message, the fields, the level and the place in the code are sent: the base class would add every
    attribute of the record.
    """

    def emit(self, record: logging.LogRecord) -> None:
        fields = getattr(record, "fields", None)
        try:
            journal.send(
                record.getMessage(),
                CODE_FILE=record.pathname,
                CODE_LINE=record.lineno,
                CODE_FUNC=record.funcName,
                PRIORITY=self.map_priority(record.levelno),
                LOGGER=record.name,
                SYSLOG_IDENTIFIER="visitbridge",
                **journal_fields(fields if isinstance(fields, Mapping) else {}),
            )
        except (OSError, ValueError):
            self.handleError(record)


def journal_fields(fields: Mapping[str, object]) -> dict[str, str]:
    """Names in the journal's alphabet: ``ms`` → ``VB_MS``."""
    return {
        "VB_" + "".join(c if c.isalnum() and c.isascii() else "_" for c in name).upper(): str(value)
        for name, value in fields.items()
    }
