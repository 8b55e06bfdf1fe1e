"""The box is set up wrongly (GW-CFG)."""

from __future__ import annotations

from visitbridge.errors.base import VisitBridgeError


class ConfigError(VisitBridgeError):
    """The configuration cannot be used; ``problems`` holds all of them, one line each."""

    code = "GW-CFG-01"

    def __init__(self, detail: str = "", *, problems: tuple[str, ...] = ()) -> None:
        super().__init__("; ".join(problems) or detail)
        self.problems = problems or (detail,)


class VirtualNotAllowed(ConfigError):
    """A simulated device was asked for without ``--allow-virtual``."""

    code = "GW-CFG-02"
