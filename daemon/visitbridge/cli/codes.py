"""``visitbridge codes``: who asks to be paired or opened, and the code for it, for whoever sits at the box."""

from __future__ import annotations

import argparse
import datetime as dt
import time
from pathlib import Path
from typing import Any

from visitbridge.adapters.presence_file import FILE_NAME, read_questions
from visitbridge.cli.options import add_config
from visitbridge.cli.words import say
from visitbridge.config import load_config
from visitbridge.services.pairing import TOKEN_LIFE_S
from visitbridge.services.presence import ShownQuestion

_LOOK_EVERY_S = 0.3


def add_arguments(commands: argparse._SubParsersAction[Any]) -> None:
    """Add ``codes`` to the command line's subcommands."""
    codes = commands.add_parser("codes", help="show the codes of the phones that ask to be paired or opened")
    add_config(codes)
    codes.set_defaults(handler=_codes)


def follow_codes(folder: Path) -> None:
    """Show each code as a phone asks, until one that was shown is settled or the link's time is over."""
    deadline_s = time.monotonic() + TOKEN_LIFE_S
    told: set[str] = set()
    while time.monotonic() < deadline_s:
        asking = {shown.question.request_id: shown for shown in _asking(folder)}
        if told - asking.keys():
            return
        for request_id in asking.keys() - told:
            print(_line(asking[request_id]), flush=True)
        told |= asking.keys()
        time.sleep(_LOOK_EVERY_S)


def _codes(arguments: argparse.Namespace) -> int:
    questions = _asking(load_config(arguments.config).config.box.runtime_dir)
    print("\n".join(map(_line, questions)) or say("cli.codes.none"))
    return 0


def _asking(folder: Path) -> tuple[ShownQuestion, ...]:
    return read_questions(folder / FILE_NAME, dt.datetime.now(dt.UTC))


def _line(shown: ShownQuestion) -> str:
    code = f"{shown.code[:3]} {shown.code[3:]}"
    question = shown.question
    return say(f"cli.codes.{question.purpose.value}").format(name=question.name, code=code)
