"""``visitbridge reset``: erase the running box by hand, and begin again with one that was erased (B11)."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from visitbridge.adapters.erasure import Erasure
from visitbridge.app.console import ResetDone, ResetOrder
from visitbridge.cli.exit_codes import EXIT_REFUSED
from visitbridge.cli.options import add_config
from visitbridge.cli.orders import send_order
from visitbridge.cli.words import say
from visitbridge.config import load_config


def add_arguments(commands: argparse._SubParsersAction[Any]) -> None:
    """Add ``reset`` to the command line's subcommands."""
    reset = commands.add_parser("reset", help="erase the box for good: keys, patients, phones, binding")
    add_config(reset)
    what = reset.add_mutually_exclusive_group(required=True)
    what.add_argument("--name", help="the box's own name, as its page shows it")
    what.add_argument(
        "--begin-again", action="store_true", help="let the next start of an erased box make a new, empty one"
    )
    reset.add_argument(
        "--even-with-unsent",
        action="store_true",
        help="give up what no hand-off file can carry; what one can carry has to be exported and confirmed first",
    )
    reset.set_defaults(handler=_reset)


def _reset(arguments: argparse.Namespace) -> int:
    if arguments.begin_again:
        return _begin_again(arguments)
    order = ResetOrder(name=arguments.name, even_with_unsent=arguments.even_with_unsent)
    return send_order(arguments, "reset", order.as_text(), ResetDone, lambda _: print(say("cli.reset")))


def _begin_again(arguments: argparse.Namespace) -> int:
    config = load_config(arguments.config).config
    if not Erasure(config.box.state_dir, config.box.runtime_dir, config.store.key_file).begin_again():
        print(say("cli.not_erased"), file=sys.stderr)
        return EXIT_REFUSED
    print(say("cli.begun_again"))
    return 0
