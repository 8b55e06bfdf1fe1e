"""``visitbridge simulate``: replay a scenario file against a lab."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from visitbridge.sim.lab.client import open_lab_client, open_phone
from visitbridge.sim.lab.command import add_lab_options, lab_options
from visitbridge.sim.lab.lab import open_lab
from visitbridge.sim.scenario.engine import Engine, Say, ScenarioFailed
from visitbridge.sim.scenario.model import Scenario, load_scenario

EXIT_NOT_AS_WRITTEN = 1


def add_arguments(commands: argparse._SubParsersAction[Any]) -> None:
    """Add ``simulate`` to the command line's subcommands."""
    simulate = commands.add_parser(
        "simulate",
        help="replay a scenario file",
        description="Replay a scripted day through the gateway's API and the lab's switches. "
        "Without --against it starts a lab of its own in a temporary folder.",
    )
    simulate.add_argument("scenario", type=Path, help="TOML file, such as those in visitbridge/sim/scenarios")
    simulate.add_argument("--against", type=Path, metavar="DIR", help="the lab that runs in this folder")
    add_lab_options(simulate)
    simulate.set_defaults(handler=_simulate, dir=None)


async def replay(scenario: Scenario, directory: Path, say: Say) -> Engine:
    """Pair a phone with the lab that runs in ``directory`` and run the scenario; what it kept is in the answer.

    Raises ScenarioFailed.
    """
    async with open_lab_client(directory) as lab, open_phone(await lab.gateway()) as phone:
        await phone.pair((await lab.ask("POST", "/pairing"))["pair_url"], "scenario")
        engine = Engine(phone, lab, say)
        await engine.run(scenario)
        return engine


def _simulate(arguments: argparse.Namespace) -> int:
    scenario = load_scenario(arguments.scenario)
    try:
        if arguments.against is not None:
            asyncio.run(replay(scenario, arguments.against, _say))
        else:
            asyncio.run(_in_own_lab(scenario, arguments))
    except ScenarioFailed as exc:
        _say(str(exc))
        return EXIT_NOT_AS_WRITTEN
    return 0


async def _in_own_lab(scenario: Scenario, arguments: argparse.Namespace) -> None:
    with contextlib.ExitStack() as stack:
        if arguments.dir is None:
            arguments.dir = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vb-lab-")))
        options = msgspec.structs.replace(lab_options(arguments), port=arguments.port)
        async with open_lab(options) as lab:
            await replay(scenario, lab.places.root, _say)


def _say(line: str) -> None:
    print(line, flush=True)
