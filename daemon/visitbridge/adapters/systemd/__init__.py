"""What systemd gives a daemon: readiness, status line, watchdog, journal, listening sockets. A no-op where it did not start us."""

from visitbridge.adapters.systemd.journal import journal_handler, started_by_systemd
from visitbridge.adapters.systemd.notifier import NoNotifier, Notifier, SystemdNotifier, make_notifier
from visitbridge.adapters.systemd.sockets import inherited_listeners, turn_away
from visitbridge.adapters.systemd.status_line import StatusLine
from visitbridge.adapters.systemd.watchdog import Watchdog, watchdog_interval_s

__all__ = [
    "NoNotifier",
    "Notifier",
    "StatusLine",
    "SystemdNotifier",
    "Watchdog",
    "inherited_listeners",
    "journal_handler",
    "make_notifier",
    "started_by_systemd",
    "turn_away",
    "watchdog_interval_s",
]
