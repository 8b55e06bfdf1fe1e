"""The machine, as systemd-logind switches it off. polkit lets the gateway's user ask (``systemd/polkit``)."""

from __future__ import annotations

import asyncio
import importlib.util

from visitbridge.errors import SwitchOffRefused


class LogindMachine:
    """Implements ``services.switching_off.Machine``."""

    async def power_off(self) -> None:
        if importlib.util.find_spec("dbus") is None:
            raise SwitchOffRefused("dbus-python is not installed")
        from visitbridge.adapters.logind.binding import power_off  # noqa: PLC0415 - may be absent

        await asyncio.to_thread(power_off)


__all__ = ["LogindMachine"]
