"""How a command of the shell reaches the running box, and what it says when none answers or the order is refused."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable
from typing import TypeVar

import msgspec

from visitbridge.adapters.console import order
from visitbridge.cli.exit_codes import EXIT_REFUSED, EXIT_UNAVAILABLE
from visitbridge.cli.words import say, say_error
from visitbridge.config import load_config

T = TypeVar("T")


def send_order(
    arguments: argparse.Namespace, command: str, text: str, into: type[T], tell: Callable[[T], int | None]
) -> int:
    """Have the running box carry out a command, and ``tell`` its answer; the exit code, which ``tell`` may choose."""
    folder = load_config(arguments.config).config.box.runtime_dir
    answer = asyncio.run(order(folder, command, text))
    if answer is None:
        print(say("cli.not_running"), file=sys.stderr)
        return EXIT_UNAVAILABLE
    if answer.problem is not None:
        print(say_error(answer.problem.code, answer.problem.params), file=sys.stderr)
        print(f"  {answer.problem.detail}", file=sys.stderr)
        return EXIT_REFUSED
    return tell(msgspec.json.decode(answer.answer, type=into)) or 0
