"""How every tool runs: parse, do it, and say in words what went wrong.

Exit codes: 0 done · 1 refused, with a line that says why · 2 wrong usage · 130 interrupted.
"""

from __future__ import annotations

import argparse
import getpass
import os
import signal
import sys
from collections.abc import Callable, Sequence

from visitbridge.errors import FieldInvalid, VisitBridgeError
from visitbridge.words import load_catalogue

EXIT_REFUSED = 1


def run(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> int:
    """Run the subcommand that was asked for: its ``handler`` default takes the parsed arguments."""
    options = parser.parse_args(arguments)
    handler: Callable[[argparse.Namespace], None] = options.handler
    try:
        handler(options)
    except VisitBridgeError as exc:
        words = load_catalogue().error(language(), exc.code, exc.params)
        print(f"{exc.code} {words.what} {words.where} {words.now}", file=sys.stderr)
        where = f"{exc.field}: " if exc.field else ""
        print(f"  {where}{exc.detail}", file=sys.stderr)
        return EXIT_REFUSED
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return 0


def say(text: str, /, **values: str | int) -> None:
    """Print one text of the catalogue, named by its key, in the terminal's language."""
    print(load_catalogue().texts(language())[text].format_map(values))


def ask_hidden(text: str) -> bytes:
    """Ask for a secret by the catalogue's text with that key, without showing what is typed.

    Raises FieldInvalid (``terminal``) when nothing can be asked or the input ends.
    """
    # getpass throws away what was typed before it was ready, so it has to be the one who prompts.
    try:
        return getpass.getpass(f"{load_catalogue().texts(language())[text]} ").encode()
    except EOFError as exc:
        raise FieldInvalid("a secret is asked for, and nobody answers", field="terminal") from exc


def language() -> str:
    """The terminal's language, by the variables of POSIX locales in their order."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    locale = next((value for value in map(os.environ.get, names) if value), "")
    return "zh-Hant-TW" if locale.startswith("zh") else "en"
