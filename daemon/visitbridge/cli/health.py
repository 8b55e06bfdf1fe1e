"""``visitbridge health``: how the running box is, for people, for a timer's journal, and for updaters."""

from __future__ import annotations

import argparse
from typing import Any

import msgspec

from visitbridge.cli.exit_codes import EXIT_NOT_WELL
from visitbridge.cli.options import add_config
from visitbridge.cli.orders import send_order
from visitbridge.cli.words import say, say_link
from visitbridge.protocols.health import BoxHealth
from visitbridge.services.concerns import concerns_of


class HealthLine(msgspec.Struct, frozen=True, kw_only=True):
    """What ``--json`` prints, on one line. ``concerns``: codes of what is worth a look, as the exit code goes by."""

    concerns: tuple[str, ...]
    health: BoxHealth


def add_arguments(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command to the command line's."""
    health = commands.add_parser(
        "health",
        help="how the running box is: 0 well, 1 something is worth a look, 65 locked or erased, 69 it does not run",
    )
    add_config(health)
    health.add_argument("--json", action="store_true", help="print one line for programs")
    health.set_defaults(handler=_health)


def _health(arguments: argparse.Namespace) -> int:
    def tell(health: BoxHealth) -> int:
        concerns = concerns_of(health)
        if arguments.json:
            print(msgspec.json.encode(HealthLine(concerns=concerns, health=health)).decode())
        else:
            link, program = say_link(health.link.state), health.versions.program
            print(say("cli.health").format(unsent=health.queue.unsent, link=link, program=program))
            for code in concerns:
                print(say(f"health.concern.{code}"))
        return EXIT_NOT_WELL if concerns else 0

    return send_order(arguments, "health", "", BoxHealth, tell)
