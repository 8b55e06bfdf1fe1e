"""Where the portal keeps its files."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

import msgspec

from visitbridge.errors import ConfigError


class Folders(msgspec.Struct, frozen=True):
    """``keys``: authorities and signing keys. ``datasets``: files that boxes download."""

    root: Path
    keys: Path
    datasets: Path

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.root / 'portal.db'}"


def make_folders(root: Path) -> Folders:
    """The folders under ``root``, open to nobody but their owner: they hold keys and patients' data."""
    folders = Folders(root, root / "keys", root / "datasets")
    for folder in (root, folders.keys, folders.datasets):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    return folders


@contextlib.contextmanager
def hold_folder(folders: Folders) -> Iterator[None]:
    """Keep every other portal, and a restore, away from these folders. Raises ConfigError when one is at work."""
    with (folders.root / "lock").open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise ConfigError("a portal is running from this folder") from exc
        yield
