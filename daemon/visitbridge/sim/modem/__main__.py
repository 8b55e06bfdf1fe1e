"""``python -m visitbridge.sim.modem LINK [SCRIPT]``: a virtual modem to try things on, until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
from pathlib import Path

from visitbridge.sim.modem.line import VirtualModem
from visitbridge.sim.modem.script import Player, Script, read_script


def main() -> None:
    parser = argparse.ArgumentParser(prog="visitbridge.sim.modem", description=__doc__)
    parser.add_argument("link", type=Path, help="path that will point at the modem's terminal")
    parser.add_argument("script", type=Path, nargs="?", help="TOML file with [setup] and [[step]]")
    options = parser.parse_args()
    script = Script() if options.script is None else read_script(options.script)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(options.link, script))


async def _serve(link: Path, script: Script) -> None:
    async with VirtualModem(link, script.setup).open() as modem:
        player = Player(modem, script)
        player.start()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            player.stop()


if __name__ == "__main__":
    main()
