"""What the command line and the environment decide, and what a start reports."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from visitbridge.config import Config
from visitbridge.errors import VirtualNotAllowed


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """``credentials_dir``: where systemd puts credentials. ``watchdog_s``: how often its watchdog wants a sign.

    ``listeners``: sockets it opened for us, by name; ``https`` takes the place of ``[http] bind`` and ``port``.
    """

    allow_virtual: bool = False
    credentials_dir: Path | None = None
    watchdog_s: float | None = None
    listeners: Mapping[str, socket.socket] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """Where the box serves. ``pair_url`` holds a pairing token, so it goes to nobody but the operator.

    ``fingerprint``: SHA-256 of the certificate in hex, to compare by eye.
    """

    url: str
    pair_url: str
    ca_file: Path | None
    fingerprint: str


def require_allowed(config: Config, options: Options) -> None:
    """Raises VirtualNotAllowed when the files name simulated parts and the command line does not allow them."""
    simulated = {"[readers] socket": config.readers.socket, "[lab] control": config.lab.control}
    named = tuple(f"{key} needs --allow-virtual" for key, value in simulated.items() if value)
    if named and not options.allow_virtual:
        raise VirtualNotAllowed(problems=named)
