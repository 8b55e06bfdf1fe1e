"""The command line: ``visitbridge run | pair | codes | queue | health | departure | certificate | trust | reset | support-bundle | config | simulate | lab | version``.

Exit codes: 0 done · 1 a scenario did not go as written, the queue is not empty, or the doctor or health found something · 2 wrong usage ·
65 what was given is refused · 69 a part of the box
failed, or it does not run · 70 a bug, or services that did not stop in time · 78 the configuration cannot be used
(sysexits.h).
"""

from __future__ import annotations

import argparse
import signal
from collections.abc import Callable, Sequence

from visitbridge import __version__
from visitbridge.cli import (
    asking,
    certificates,
    codes,
    configuration,
    departure,
    health,
    reset,
    serving,
    support,
)
from visitbridge.cli.exit_codes import EXIT_CONFIG, EXIT_SOFTWARE, EXIT_UNAVAILABLE
from visitbridge.cli.trouble import first, report, report_bug
from visitbridge.errors import VisitBridgeError
from visitbridge.sim.lab import command as lab_command
from visitbridge.sim.scenario import command as simulate_command

__all__ = ["EXIT_CONFIG", "EXIT_SOFTWARE", "EXIT_UNAVAILABLE", "main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Errors go to stderr in words, with their code."""
    options = _parser().parse_args(arguments)
    handler: Callable[[argparse.Namespace], int] = options.handler
    try:
        return handler(options)
    except VisitBridgeError as exc:
        return report(exc)
    except BaseExceptionGroup as group:
        known, rest = group.split(VisitBridgeError)
        if known is None or rest is not None:
            return report_bug(group)
        return report(first(known))
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except Exception as exc:  # noqa: BLE001 - the last place before the interpreter would print its message
        return report_bug(exc)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="visitbridge",
        description="Pocket gateway between visit teams, their card readers and the insurer's VPN.",
        epilog=(__doc__ or "").partition("\n\n")[2],
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in (
        serving,
        asking,
        health,
        departure,
        certificates,
        codes,
        reset,
        support,
        configuration,
        lab_command,
        simulate_command,
    ):
        module.add_arguments(commands)
    version = commands.add_parser("version", help="print the version")
    version.set_defaults(handler=_version)
    return parser


def _version(_arguments: argparse.Namespace) -> int:
    print(f"visitbridge {__version__}")
    return 0
