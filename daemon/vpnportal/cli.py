"""Command line of the portal: run it, and do what its web pages would do."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from visitbridge.errors import VisitBridgeError
from vpnportal.cli_options import build_parser


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit: 0 done, 1 refused with a line that says why, 2 wrong usage."""
    parsed = build_parser().parse_args(arguments)
    sys.exit(run(parsed))


def run(parsed: argparse.Namespace) -> int:
    try:
        parsed.run(parsed, lambda line: print(line, flush=True))
    except VisitBridgeError as exc:
        where = f"{exc.field}: " if exc.field else ""
        print(f"vpnportal: {where}{exc.detail or exc}", file=sys.stderr)
        return 1
    return 0
