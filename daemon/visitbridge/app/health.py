"""What the health of this box is told by and to whom."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Final

from visitbridge import __version__
from visitbridge.adapters.keys import read_text_credential
from visitbridge.adapters.store.migrations import REVISIONS
from visitbridge.config import Config
from visitbridge.errors import ConfigError
from visitbridge.protocols.health import Versions

TOKEN_LENGTH: Final = 32
"""Characters of a metrics token at the least: nobody slows down whoever guesses."""


def program_versions() -> Versions:
    """What does not change while the program runs (S03)."""
    try:
        system = platform.freedesktop_os_release()
    except OSError:
        system = {}
    return Versions(
        program=__version__,
        schema=REVISIONS[-1],
        python=platform.python_version(),
        system=system.get("PRETTY_NAME", platform.system())[:80],
        image=system.get("IMAGE_VERSION", "")[:80],
    )


def watch_token(config: Config, credentials_dir: Path | None) -> str:
    """The metrics token, empty where none is given. Raises ConfigError for one that is too short."""
    token = read_text_credential(credentials_dir, config.http.metrics_credential)
    if token and len(token) < TOKEN_LENGTH:
        raise ConfigError(f"http.metrics_credential: the token has fewer than {TOKEN_LENGTH} characters")
    return token
