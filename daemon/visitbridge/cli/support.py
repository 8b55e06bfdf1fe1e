"""``visitbridge support-bundle FILE``: the same file as the page makes, from the shell."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from visitbridge.adapters.private_files import write_private
from visitbridge.api.resources.support import SupportFile
from visitbridge.cli.options import add_config
from visitbridge.cli.orders import send_order
from visitbridge.cli.words import say


def add_arguments(commands: argparse._SubParsersAction[Any]) -> None:
    """Add ``support-bundle`` to the command line's subcommands."""
    bundle = commands.add_parser(
        "support-bundle",
        help="write what engineers need to help, nothing about people, sealed to the institution",
    )
    add_config(bundle)
    bundle.add_argument("file", type=Path, help="where to write it")
    bundle.set_defaults(handler=_make)


def _make(arguments: argparse.Namespace) -> int:
    file: Path = arguments.file

    def tell(made: SupportFile) -> None:
        write_private(file, made.content)
        print(say("cli.support").format(file=file))

    return send_order(arguments, "support-bundle", "", SupportFile, tell)
