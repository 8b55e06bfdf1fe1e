"""From exec to READY=1 on a notify socket: the gateway with a store that it made before, beside a bare aiohttp app.

Time on the processors is told beside the time on the wall: the first belongs to the program, the second also to whoever
else is at work. The program's compiled modules are in place, as a package's are.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

from tests.app.box import config_for
from tests.bench import measure
from visitbridge.config import dump
from visitbridge.config.load import Loaded

_WITHIN_S = 120.0
_BARE = """
import asyncio, os, socket
from aiohttp import web

async def main():
    runner = web.AppRunner(web.Application(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
    await asyncio.get_running_loop().create_future()

asyncio.run(main())
"""


def run(folder: Path, *, rounds: int) -> dict[str, Any]:
    """Seconds, medians over the rounds; ``ratio`` of processor time to the bare app's."""
    file = folder / "visitbridge.toml"
    file.write_text(dump(Loaded(config=config_for(folder), origins={})), "utf-8")
    gateway = (sys.executable, "-m", "visitbridge", "run", "--config", str(file), "--allow-virtual")
    commands = {"gateway": gateway, "bare": (sys.executable, "-c", _BARE)}
    until_ready(folder, gateway)
    told: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}

    def case(name: str) -> float:
        told[name].append(until_ready(folder, commands[name]))
        return told[name][-1][1]

    measure.take_turns({name: partial(case, name) for name in commands}, rounds)
    found = {
        name: {
            "wall_s": measure.spread([wall for wall, _ in each]),
            "cpu_s": measure.spread([cpu for _, cpu in each]),
        }
        for name, each in told.items()
    }
    ratio = found["gateway"]["cpu_s"]["median"] / found["bare"]["cpu_s"]["median"]
    return {"rounds": rounds, **found, "ratio": round(ratio, 2)}


def until_ready(folder: Path, command: tuple[str, ...]) -> tuple[float, float]:
    """Seconds on the wall and on the processors until the program says that it is ready; it is ended then."""
    place = folder / "notify"
    place.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(place))
        listener.settimeout(_WITHIN_S)
        environment = {**os.environ, "NOTIFY_SOCKET": str(place)}
        began_s = time.monotonic()
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            while b"READY=1" not in listener.recv(4096):
                pass
            return time.monotonic() - began_s, processor_s(process.pid)
        finally:
            process.terminate()
            process.wait(60)


def processor_s(pid: int) -> float:
    """User and system time of a process and all its threads so far: proc(5), fields 14 and 15 of stat."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    options = measure.arguments(__doc__ or "")
    with measure.open_folder(options.dir) as folder:
        result = run(folder, rounds=3 if options.quick else 15)
    sys.stdout.write(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
