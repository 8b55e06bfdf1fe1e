"""Where the lab keeps what."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

import msgspec

from visitbridge.errors import ConfigError

# sun_path in unix(7) holds 108 bytes with the final zero.
_LONGEST_SOCKET_PATH = 107


class Places(msgspec.Struct, frozen=True):
    """Paths below the lab's folder, which is absolute."""

    root: Path

    @classmethod
    def of(cls, directory: Path) -> Places:
        return cls(directory.resolve())

    @property
    def control(self) -> Path:
        return self.root / "lab.sock"

    @property
    def cards(self) -> Path:
        return self.root / "cards"

    @property
    def readers(self) -> Path:
        """What simulated Bluetooth readers keep without power."""
        return self.root / "readers.json"

    @property
    def portal(self) -> Path:
        return self.root / "portal"

    @property
    def box(self) -> Path:
        return self.root / "box"

    @property
    def presence(self) -> Path:
        """What the gateway shows to whoever sits at it."""
        return self.box / "run" / "presence.json"

    @property
    def config(self) -> Path:
        return self.root / "visitbridge.toml"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def phone(self) -> Path:
        """Session of the lab's own phone."""
        return self.root / "phone.session"

    @property
    def imported(self) -> Path:
        """Which published tables the portal has been given."""
        return self.root / "imported.txt"


@contextlib.contextmanager
def held_places(root: Path) -> Iterator[Places]:
    """The lab's folder, made where missing and kept from other labs. Raises ConfigError."""
    places = Places.of(root)
    if len(bytes(places.control)) > _LONGEST_SOCKET_PATH:
        raise ConfigError(f"the path of {places.control} is too long for a socket; choose another --dir")
    for folder in (places.cards, places.portal, places.box / "state", places.box / "run", places.logs):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (places.root / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise ConfigError(f"a lab already runs in {places.root}; choose another --dir") from exc
        # A lab that was killed leaves its socket behind.
        places.control.unlink(missing_ok=True)
        try:
            yield places
        finally:
            places.control.unlink(missing_ok=True)
