"""How a command of the shell reaches the running box, and what it says when none answers or the order is refused."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable
from typing import TypeVar

import msgspec

from visitbridge.adapters.console import ConsoleAnswer, ConsoleProblem, order
from visitbridge.cli.exit_codes import EXIT_REFUSED, EXIT_UNAVAILABLE
from visitbridge.cli.words import say, say_error
from visitbridge.config import load_config
from visitbridge.errors import NotFound

T = TypeVar("T")


def send_order(
    arguments: argparse.Namespace, command: str, text: str, into: type[T], tell: Callable[[T], int | None]
) -> int:
    """Have the running box carry out a command, and ``tell`` its answer; the exit code, which ``tell`` may choose."""
    answer = _ask(arguments, command, text)
    if answer is None:
        return _say_nobody()
    if answer.problem is not None:
        return _say_refused(answer.problem)
    return tell(msgspec.json.decode(answer.answer, type=into)) or 0


def say_why_nothing(arguments: argparse.Namespace) -> int:
    """Of a box that tells nothing of itself: that it is locked or erased, or that nobody answers; the exit code."""
    answer = _ask(arguments, "", "")
    if answer is None or answer.problem is None or answer.problem.code == NotFound.code:
        return _say_nobody()
    return _say_refused(answer.problem)


def _ask(arguments: argparse.Namespace, command: str, text: str) -> ConsoleAnswer | None:
    return asyncio.run(order(load_config(arguments.config).config.box.runtime_dir, command, text))


def _say_nobody() -> int:
    print(say("cli.not_running"), file=sys.stderr)
    return EXIT_UNAVAILABLE


def _say_refused(problem: ConsoleProblem) -> int:
    print(say_error(problem.code, problem.params), file=sys.stderr)
    print(f"  {problem.detail}", file=sys.stderr)
    return EXIT_REFUSED
