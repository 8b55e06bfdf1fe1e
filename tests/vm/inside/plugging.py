"""Follow the USB readers and write how many there are whenever that changes, with their identities.

Usage: plugging.py FILE    (until it is ended)
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from visitbridge.adapters.pcsc.source import PcscReaders
from visitbridge.ports.cards import ReaderState
from visitbridge.sim.clock import FakeClock


async def main(log: Path) -> None:
    readers = PcscReaders(FakeClock())
    told: list[str] = []
    async for _ in readers.watch():
        infos = [reader.info for reader in readers.readers()]
        present = sorted(info.reader_id for info in infos if info.state is not ReaderState.UNAVAILABLE)
        if present != told:
            told = present
            with log.open("a", encoding="utf-8") as file:
                file.write(f"{len(present)} readers {json.dumps(present)}\n")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
