"""``python -m visitbridge.sim.training --dir DIR``: open the training rooms, until SIGTERM.

One JSON line on standard output says that they are open, and where.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from visitbridge.sim.lab.client import open_lab_client
from visitbridge.sim.lab.lab import LabOptions, RunningLab, open_lab
from visitbridge.sim.lab.slots import free_ports
from visitbridge.sim.scenario.engine import Engine
from visitbridge.sim.scenario.model import AnyStep, Bind, Call, Check, Look, Scenario
from visitbridge.sim.training.admissions import Admissions
from visitbridge.sim.training.desk import TrainingDesk, open_desk
from visitbridge.sim.training.places import DESK

BOX_NAME = "訓練閘道器"
OPENED: tuple[AnyStep, ...] = (
    Bind(name=BOX_NAME),
    Look(
        api="/api/state",
        where=(Check(at="box.sam_verified_at", contains="T"), Check(at="link.link", differs="down")),
        within_s=60,
    ),
    Call(method="POST", path="/api/datasets/refresh"),
)
"""What a technician and the first minute of a day would have done."""

_FIRST_TO_GO = "1000"


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve; the exit code is 0 when asked to stop."""
    parser = argparse.ArgumentParser(prog="visitbridge.sim.training", allow_abbrev=False)
    parser.add_argument("--dir", type=Path, required=True, help="folder of everything that the rooms keep")
    folder: Path = parser.parse_args(arguments).dir.resolve()
    # When memory runs short, a training ends before the box does.
    Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_GO, "ascii")
    return asyncio.run(_serve(folder))


async def _serve(folder: Path) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    serving = asyncio.create_task(_rooms(folder, stop))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not serving.done():
        serving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await serving
    return 0 if stop.is_set() else 1


async def _rooms(folder: Path, stop: asyncio.Event) -> None:
    async with open_rooms(folder) as lab:
        facts = {"event": "ready", "url": lab.facts.url, "ca_file": lab.facts.ca_file}
        sys.stdout.write(f"{json.dumps(facts)}\n")
        sys.stdout.flush()
        trouble = asyncio.create_task(lab.wait_trouble())
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({trouble, stopping}, return_when=asyncio.FIRST_COMPLETED)
        for task in (trouble, stopping):
            task.cancel()
        await asyncio.wait({trouble, stopping})


@contextlib.asynccontextmanager
async def open_rooms(folder: Path) -> AsyncIterator[RunningLab]:
    """A bound lab with its data sets loaded and the desk open in ``folder / DESK``."""
    desk_socket = folder / DESK
    desk_socket.unlink(missing_ok=True)
    options = LabOptions(directory=folder, port=free_ports(1)[0], use_pcscd=False, training=desk_socket)
    async with open_lab(options) as lab, open_lab_client(lab.places.root) as switches:
        await Engine(lab.phone, switches, lambda _: None).run(Scenario(title=BOX_NAME, steps=OPENED))
        desk = TrainingDesk(lab.phone, switches, Admissions(lab.phone, lab.facts))
        async with open_desk(desk, desk_socket):
            yield lab


if __name__ == "__main__":
    raise SystemExit(main())
