"""The command line: ``visitbridge run | pair | codes | queue | health | departure | certificate | trust | reset | support-bundle | config | simulate | lab | version``.

Exit codes: 0 done · 1 a scenario did not go as written, the queue is not empty, or the doctor or health found something · 2 wrong usage ·
65 what was given is refused · 69 a part of the box
failed, or it does not run · 70 a bug, or services that did not stop in time · 78 the configuration cannot be used
(sysexits.h).
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from visitbridge.cli.exit_codes import EXIT_CONFIG, EXIT_SOFTWARE, EXIT_UNAVAILABLE
from visitbridge.cli.trouble import first, report, report_bug
from visitbridge.errors import VisitBridgeError
from visitbridge.runtime.loading import load

__all__ = ["EXIT_CONFIG", "EXIT_SOFTWARE", "EXIT_UNAVAILABLE", "main"]


COMMANDS: Final[Mapping[str, str]] = {
    "run": "visitbridge.cli.serving",
    "pair": "visitbridge.cli.asking",
    "queue": "visitbridge.cli.asking",
    "doctor": "visitbridge.cli.asking",
    "health": "visitbridge.cli.health",
    "departure": "visitbridge.cli.departure",
    "certificate": "visitbridge.cli.certificates",
    "trust": "visitbridge.cli.certificates",
    "codes": "visitbridge.cli.codes",
    "reset": "visitbridge.cli.reset",
    "support-bundle": "visitbridge.cli.support",
    "config": "visitbridge.cli.configuration",
    "lab": "visitbridge.sim.lab.command",
    "simulate": "visitbridge.sim.scenario.command",
    "version": "visitbridge.cli.version",
}
"""Each command's module. It alone is imported for it: the gateway starts without its lab, and a question to a running box without
a gateway.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Errors go to stderr in words, with their code."""
    words = sys.argv[1:] if arguments is None else arguments
    options = _parser(words[:1]).parse_args(words)
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


def _parser(asked: Sequence[str]) -> argparse.ArgumentParser:
    """For the command asked for, and for all of them when it is none of them: then they are told."""
    parser = argparse.ArgumentParser(
        prog="visitbridge",
        description="Pocket gateway between visit teams, their card readers and the insurer's VPN.",
        epilog=(__doc__ or "").partition("\n\n")[2],
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    needed = [COMMANDS[name] for name in asked if name in COMMANDS] or COMMANDS.values()
    for module in dict.fromkeys(needed):
        load(module).add_arguments(commands)
    return parser
