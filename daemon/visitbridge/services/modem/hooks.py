"""The two rungs that the modem itself cannot climb, as the box's set-up provides them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

Hook = Callable[[], Awaitable[None]]


class Hooks(msgspec.Struct, frozen=True, kw_only=True):
    """``power``: cut and restore the modem's USB power. ``reboot``: restart the box. None: not provided.

    A hook raises DeviceError when it could not do it.
    """

    power: Hook | None = None
    reboot: Hook | None = None
