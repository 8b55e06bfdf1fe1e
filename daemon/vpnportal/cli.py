"""Command line of the portal: run it, and do what its web pages would do."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

import msgspec

from visitbridge.errors import VisitBridgeError
from vpnportal import commands
from vpnportal.server import DEFAULT_PORT

Say = Callable[[str], None]


class _Command(msgspec.Struct, frozen=True):
    """``words`` as typed, ``options`` adds what the command takes beyond ``--dir`` and ``--database``."""

    words: tuple[str, ...]
    run: Callable[[argparse.Namespace, Say], None]
    text: str
    options: Callable[[argparse.ArgumentParser], None] = lambda _: None


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit: 0 done, 1 refused with a line that says why, 2 wrong usage."""
    parsed = _parser().parse_args(arguments)
    try:
        parsed.run(parsed, lambda line: print(line, flush=True))
    except VisitBridgeError as exc:
        where = f"{exc.field}: " if exc.field else ""
        print(f"vpnportal: {where}{exc.detail or exc}", file=sys.stderr)
        sys.exit(1)
    sys.exit(0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vpnportal",
        description="The stand-in for the insurer's side. Its protocol is ours, not the insurer's.",
    )
    verbs = parser.add_subparsers(required=True, metavar="COMMAND")
    groups = {}
    for command in _COMMANDS:
        place = verbs
        if len(command.words) > 1:
            group = command.words[0]
            if group not in groups:
                groups[group] = verbs.add_parser(group, help=_GROUPS[group]).add_subparsers(
                    required=True, metavar="WHAT"
                )
            place = groups[group]
        own = place.add_parser(command.words[-1], help=command.text, description=command.text)
        own.add_argument(
            "--dir", type=Path, required=True, help="the portal's folder: keys, database, data sets"
        )
        own.add_argument("--database", default="", metavar="URL", help="instead of DIR/portal.db")
        command.options(own)
        own.set_defaults(run=command.run)
    return parser


def _serve_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port", type=int, default=DEFAULT_PORT, help="or the next free one (default: %(default)s)"
    )
    parser.add_argument(
        "--name", action="append", default=[], help="further name or address for the certificate"
    )
    parser.add_argument("--lab", action="store_true", help="faults and lab control; never for real work")


def _ticket_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--url", default="", help="address to put into QR-2 (default: where the portal last ran)"
    )
    parser.add_argument("--png", type=Path, help="draw QR-2 into this file")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")


def _device_add_options(parser: argparse.ArgumentParser) -> None:
    _device_options(parser)
    parser.add_argument("--group", default="default", help="data-set group (default: %(default)s)")
    _ticket_options(parser)


def _device_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--institution", required=True, metavar="CODE")
    parser.add_argument("--name", required=True)


_GROUPS = {"devices": "boxes of an institution"}

_COMMANDS = (
    _Command(("serve",), commands.serve_portal, "take requests until SIGTERM or Ctrl-C", _serve_options),
    _Command(("seed-lab",), commands.seed, "record the lab's invented people and data sets", _ticket_options),
    _Command(("devices", "add"), commands.add_box, "apply for a box and show its QR-2", _device_add_options),
    _Command(("devices", "list"), commands.list_boxes, "show all boxes"),
)
