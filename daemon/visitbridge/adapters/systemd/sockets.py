"""Listening sockets that systemd opened before the program started (sd_listen_fds(3)).

They stay open over a restart of the daemon: a phone that calls then waits a moment and is not refused. And the daemon
needs no right to take ports 80 and 443.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import socket
from collections.abc import Iterable, Mapping


def inherited_listeners() -> Mapping[str, socket.socket]:
    """By the name of each socket's unit (FileDescriptorName=); empty where systemd gave none.

    The environment is cleaned, so that workers do not take them for theirs. Raises OSError when what was given is no
    socket.
    """
    if "LISTEN_FDS" not in os.environ or importlib.util.find_spec("systemd") is None:
        return {}
    from visitbridge.adapters.systemd.binding import listening_files  # noqa: PLC0415 - may be absent

    return {name: socket.socket(fileno=number) for number, name in listening_files().items()}


def turn_away(listeners: Iterable[socket.socket]) -> None:
    """Close every connection that waits in the sockets, by a program that ends without serving: as long as one waits, systemd
    starts the program again for it, however often it ended.
    """
    for listener in listeners:
        listener.setblocking(False)
        # BlockingIOError: nobody waits any more.
        with contextlib.suppress(OSError):
            while True:
                listener.accept()[0].close()
