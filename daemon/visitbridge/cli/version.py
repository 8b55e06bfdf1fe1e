"""``visitbridge version``."""

from __future__ import annotations

import argparse
from typing import Any

from visitbridge import __version__


def add_arguments(commands: argparse._SubParsersAction[Any]) -> None:
    """Add ``version`` to the command line's subcommands."""
    version = commands.add_parser("version", help="print the version")
    version.set_defaults(handler=_version)


def _version(_arguments: argparse.Namespace) -> int:
    print(f"visitbridge {__version__}")
    return 0
