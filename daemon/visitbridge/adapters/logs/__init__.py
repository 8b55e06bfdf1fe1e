"""Structured logs: fields to the journal under systemd, one readable line on a console otherwise."""

from visitbridge.adapters.logs.console import ConsoleFormatter, fields_of
from visitbridge.adapters.logs.setup import set_up_logs

__all__ = ["ConsoleFormatter", "fields_of", "set_up_logs"]
