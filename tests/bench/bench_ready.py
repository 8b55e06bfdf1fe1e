"""From exec to READY=1 on a notify socket: the gateway with a store that it made before, beside a bare aiohttp app.

Time on the processors is told beside the time on the wall: the first belongs to the program, the second also to whoever
else is at work. The program's compiled modules are in place, as a package's are, and it serves the real web UI. How many modules are
loaded by then is told too: loading them is most of a start.

When a start left to later what nobody waits for (the description of the API, compressed files and words, the other language, most
statements of the store, the lab, the library of images), and no longer looked through its own modules for garbage nor read the
machine's list of authorities, 3.85 thousand million instructions became 2.10 (callgrind, until READY=1; 3.72 as the package
started it), and 0.75 s of processor time 0.43, on a busy build machine.
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
from typing import Any, NamedTuple

from tests.app.box import config_for
from tests.bench import measure
from visitbridge.app.front import WEBUI_DIR
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


class Start(NamedTuple):
    """Until READY=1. ``cpu_s``: user and system time, of which ``user_s``; ``modules``: loaded by then, 0 where nobody counted."""

    wall_s: float
    cpu_s: float
    user_s: float
    modules: int


def run(folder: Path, *, rounds: int) -> dict[str, Any]:
    """Seconds, medians over the rounds; ``ratio`` of processor time to the bare app's. ``modules``: of a start that counts them."""
    file = folder / "visitbridge.toml"
    file.write_text(dump(Loaded(config=config_for(folder, webui=WEBUI_DIR), origins={})), "utf-8")
    gateway = (sys.executable, "-m", "visitbridge", "run", "--config", str(file), "--allow-virtual")
    commands = {"gateway": gateway, "bare": (sys.executable, "-c", _BARE)}
    until_ready(folder, gateway)
    told: dict[str, list[Start]] = {name: [] for name in commands}

    def case(name: str) -> float:
        told[name].append(until_ready(folder, commands[name]))
        return told[name][-1].cpu_s

    measure.take_turns({name: partial(case, name) for name in commands}, rounds)
    found = {
        name: {
            "wall_s": measure.spread([start.wall_s for start in each]),
            "cpu_s": measure.spread([start.cpu_s for start in each]),
            "user_s": measure.spread([start.user_s for start in each]),
        }
        for name, each in told.items()
    }
    modules = {name: until_ready(folder, command, count=True).modules for name, command in commands.items()}
    ratio = found["gateway"]["cpu_s"]["median"] / found["bare"]["cpu_s"]["median"]
    return {"rounds": rounds, **found, "modules": modules, "ratio": round(ratio, 2)}


def until_ready(folder: Path, command: tuple[str, ...], *, count: bool = False) -> Start:
    """From exec until the program says that it is ready; it is ended then. ``count`` has the interpreter write down each module
    that it loads (``-X importtime``), which takes time of its own.
    """
    place, loaded = folder / "notify", folder / "loaded"
    place.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener, loaded.open("wb") as errors:
        listener.bind(str(place))
        listener.settimeout(_WITHIN_S)
        counting = {"PYTHONPROFILEIMPORTTIME": "1"} if count else {}
        environment = {**os.environ, "NOTIFY_SOCKET": str(place), **counting}
        began_s = time.monotonic()
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=errors)
        try:
            while b"READY=1" not in listener.recv(4096):
                pass
            wall_s = time.monotonic() - began_s
            user_s, system_s = processor_s(process.pid)
            modules = loaded.read_bytes().count(b"import time:")
            return Start(wall_s, user_s + system_s, user_s, modules)
        finally:
            process.terminate()
            process.wait(60)


def processor_s(pid: int) -> tuple[float, float]:
    """User and system time of a process and all its threads so far: proc(5), fields 14 and 15 of stat."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    tick_s = 1 / os.sysconf("SC_CLK_TCK")
    return int(fields[11]) * tick_s, int(fields[12]) * tick_s


def main() -> None:
    options = measure.arguments(__doc__ or "")
    with measure.open_folder(options.dir) as folder:
        result = run(folder, rounds=3 if options.quick else 15)
    sys.stdout.write(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
