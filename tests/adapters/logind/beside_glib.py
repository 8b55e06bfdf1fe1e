"""Asks logind again and again while GLib's loop runs in a thread of its own, as in a gateway with Bluetooth.

As a program: once for each of the number that is given.
"""

from __future__ import annotations

import asyncio
import sys

from visitbridge.adapters.ble.binding.connection import Bluez
from visitbridge.adapters.logind.binding import power_off


async def main() -> None:
    bluez = Bluez(lambda _: None, lambda _: None)
    for _ in range(int(sys.argv[1])):
        await asyncio.to_thread(power_off)
    await bluez.end()


if __name__ == "__main__":
    asyncio.run(main())
