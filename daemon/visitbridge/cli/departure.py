"""``visitbridge departure``: 出門前檢查 at the shell, in the words of the page."""

from __future__ import annotations

import argparse
from typing import Any

from visitbridge.cli.exit_codes import EXIT_NOT_READY
from visitbridge.cli.options import add_config
from visitbridge.cli.orders import send_order
from visitbridge.cli.words import language
from visitbridge.services.environment import EnvironmentReport
from visitbridge.services.environment.wording import describe
from visitbridge.words import load_catalogue


def add_arguments(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command to the command line's."""
    departure = commands.add_parser(
        "departure", help="whether the team has with it what today's visits need, and what to do"
    )
    add_config(departure)
    departure.set_defaults(handler=_departure)


def _departure(arguments: argparse.Namespace) -> int:
    def tell(report: EnvironmentReport) -> int:
        for line in describe(report, load_catalogue().texts(language())):
            print(line)
        return 0 if report.ready else EXIT_NOT_READY

    return send_order(arguments, "departure", "", EnvironmentReport, tell)
