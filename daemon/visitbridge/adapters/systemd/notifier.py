"""Telling systemd that the box is ready, stopping, or what it does; see sd_notify(3)."""

from __future__ import annotations

import importlib.util
import os
from typing import Protocol


class Notifier(Protocol):
    def ready(self, status: str) -> None: ...

    def status(self, text: str) -> None: ...

    def stopping(self, status: str) -> None: ...

    def alive(self) -> None: ...


class SystemdNotifier:
    def ready(self, status: str) -> None:
        self._send(f"READY=1\nSTATUS={_one_line(status)}")

    def status(self, text: str) -> None:
        self._send(f"STATUS={_one_line(text)}")

    def stopping(self, status: str) -> None:
        self._send(f"STOPPING=1\nSTATUS={_one_line(status)}")

    def alive(self) -> None:
        self._send("WATCHDOG=1")

    @staticmethod
    def _send(state: str) -> None:
        from visitbridge.adapters.systemd.binding import notify  # noqa: PLC0415 - may be absent

        notify(state)


class NoNotifier:
    """The twin for a terminal: nobody listens."""

    def ready(self, status: str) -> None: ...

    def status(self, text: str) -> None: ...

    def stopping(self, status: str) -> None: ...

    def alive(self) -> None: ...


def make_notifier() -> Notifier:
    listening = "NOTIFY_SOCKET" in os.environ and importlib.util.find_spec("systemd") is not None
    return SystemdNotifier() if listening else NoNotifier()


def _one_line(text: str) -> str:
    return " ".join(text.split())
