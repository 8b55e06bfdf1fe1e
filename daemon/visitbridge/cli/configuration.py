"""``visitbridge config check | dump | reference``."""

from __future__ import annotations

import argparse
from typing import Any

from visitbridge.cli.options import add_config
from visitbridge.config import Loaded, dump, load_config, reference


def add_arguments(commands: argparse._SubParsersAction[Any]) -> None:
    """Add ``config`` to the command line's subcommands."""
    config = commands.add_parser("config", help="look at the configuration")
    actions = config.add_subparsers(required=True, metavar="ACTION")
    check = actions.add_parser("check", help="report every problem of the files")
    add_config(check)
    check.set_defaults(handler=_check)
    show = actions.add_parser("dump", help="print the values in force and where each comes from")
    add_config(show)
    show.set_defaults(handler=_dump)
    explain = actions.add_parser("reference", help="print every key with its meaning, as Markdown")
    explain.set_defaults(handler=_reference)


def _check(arguments: argparse.Namespace) -> int:
    loaded: Loaded = load_config(arguments.config)
    print(f"ok: {len(loaded.origins)} keys set, the rest are defaults")
    return 0


def _dump(arguments: argparse.Namespace) -> int:
    print(dump(load_config(arguments.config)), end="")
    return 0


def _reference(_arguments: argparse.Namespace) -> int:
    print(reference(), end="")
    return 0
