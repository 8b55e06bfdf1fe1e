"""What ``run`` and those who ask it have to agree on."""

from __future__ import annotations

import signal

READY_FILE = "ready.json"
"""In the runtime folder: where the box serves, and a link that pairs a phone."""

PAIR_SIGNAL = signal.SIGUSR1
"""Asks the running box for a fresh link in that file."""
