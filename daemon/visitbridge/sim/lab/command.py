"""``visitbridge lab run``: the whole lab in the foreground; one Ctrl-C stops all of it."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
import time
from pathlib import Path
from typing import Any

import msgspec

from visitbridge.errors import ConfigError
from visitbridge.services.presence import ShownQuestion
from visitbridge.sim.lab import screen
from visitbridge.sim.lab.client import bind_box, open_lab_client
from visitbridge.sim.lab.lab import LabOptions, open_lab
from visitbridge.sim.lab.phone import new_pair_url

DEFAULT_DIRECTORY = Path(".lab")
# Where published code tables lie beside a checkout, when somebody put them there.
DEFAULT_SHARED = Path("../shared/data")
BOX_NAME = "示範閘道器"

_EXIT_TROUBLE = 1
_LOOK_EVERY_S = 0.5


def add_arguments(commands: argparse._SubParsersAction[Any]) -> None:
    """Add ``lab`` to the command line's subcommands."""
    lab = commands.add_parser("lab", help="a whole visit team's equipment without hardware")
    run = lab.add_subparsers(required=True, metavar="ACTION").add_parser(
        "run",
        help="start gateway, stand-in portal, virtual readers and cards",
        description="Everything a visit needs, simulated on this machine. Ctrl-C stops all of it.",
    )
    add_lab_options(run)
    run.add_argument("--bind-box", action="store_true", help="bind the box to the lab's institution at once")
    run.add_argument("--once", action="store_true", help="stop again when all of it is ready (a self-test)")
    run.set_defaults(handler=_run)


def add_lab_options(parser: argparse.ArgumentParser) -> None:
    """The options that shape a lab, for every command that starts one."""
    parser.add_argument(
        "--dir", type=Path, default=DEFAULT_DIRECTORY, help="folder of the lab's state (default: %(default)s)"
    )
    parser.add_argument(
        "--port",
        type=int,
        default=8443,
        help="where the gateway listens, or the next free port (default: %(default)s)",
    )
    parser.add_argument("--no-vpcd", action="store_true", help="connect the cards without pcscd")
    tables = parser.add_mutually_exclusive_group()
    tables.add_argument(
        "--shared",
        type=Path,
        metavar="DIR",
        help=f"folder with published code tables (default: {DEFAULT_SHARED} if there is one)",
    )
    tables.add_argument(
        "--starter", action="store_true", help="only the small data sets that ship with the project"
    )


def lab_options(arguments: argparse.Namespace) -> LabOptions:
    """Raises ConfigError for a folder that is not there."""
    shared: Path | None = arguments.shared
    if shared is None and DEFAULT_SHARED.is_dir() and not arguments.starter:
        shared = DEFAULT_SHARED
    if shared is not None and not shared.is_dir():
        raise ConfigError(f"--shared: there is no folder {shared}")
    return LabOptions(
        directory=arguments.dir,
        port=arguments.port,
        use_pcscd=not arguments.no_vpcd,
        shared=shared.resolve() if shared is not None else None,
    )


def _run(arguments: argparse.Namespace) -> int:
    return asyncio.run(_serve(lab_options(arguments), arguments))


async def _serve(options: LabOptions, arguments: argparse.Namespace) -> int:
    began = time.monotonic()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    serving = asyncio.create_task(_serve_lab(options, arguments, began))
    stopping = asyncio.create_task(stop.wait())
    # A Ctrl-C while things are still starting cancels the start.
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not serving.done():
        _say("停止中｜stopping")
        serving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        return await serving
    return 0


async def _serve_lab(options: LabOptions, arguments: argparse.Namespace, began: float) -> int:
    async with open_lab(options) as lab:
        is_bound = await lab.portal.ticket(lab.public_url) is None
        if arguments.bind_box and not is_bound:
            async with open_lab_client(lab.places.root) as switches:
                is_bound = await bind_box(lab.phone, switches, BOX_NAME)
        pair_url = await new_pair_url(lab.phone)
        screen.describe(lab, pair_url, is_bound=is_bound, say=_say)
        _say(f"{time.monotonic() - began:.1f} s")
        if arguments.once:
            return 0
        telling = asyncio.create_task(_tell_codes(lab.places.presence))
        try:
            trouble = await lab.wait_trouble()
        finally:
            telling.cancel()
        print(trouble, file=sys.stderr)
        return _EXIT_TROUBLE


async def _tell_codes(file: Path) -> None:
    """Say each code as a phone asks, as the box's own display would."""
    told: set[str] = set()
    while True:
        for shown in await asyncio.to_thread(_shown_in, file):
            if shown.question.request_id not in told:
                told.add(shown.question.request_id)
                _say(f"配對碼 pairing code｜{shown.question.name}：{shown.code[:3]} {shown.code[3:]}")
        await asyncio.sleep(_LOOK_EVERY_S)


def _shown_in(file: Path) -> tuple[ShownQuestion, ...]:
    try:
        return msgspec.json.decode(file.read_bytes(), type=tuple[ShownQuestion, ...])
    except FileNotFoundError:
        return ()


def _say(line: str) -> None:
    print(line, flush=True)
