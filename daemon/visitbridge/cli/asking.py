"""Commands that ask the running box: ``pair``, ``queue``, ``doctor``."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import qrcode

from visitbridge.adapters.status_file import read_status
from visitbridge.cli.codes import follow_codes
from visitbridge.cli.exit_codes import EXIT_NOT_DRAINED, EXIT_NOT_READY, EXIT_UNAVAILABLE
from visitbridge.cli.options import add_config
from visitbridge.cli.orders import say_why_nothing, send_order
from visitbridge.cli.ready import PAIR_SIGNAL, READY_FILE
from visitbridge.cli.words import language, say, say_link
from visitbridge.config import load_config
from visitbridge.services.environment import EnvironmentReport
from visitbridge.services.environment.wording import describe
from visitbridge.words import load_catalogue

PAIR_BUDGET_S = 5.0

_STANDSTILL_S = 5.0
_LOOK_EVERY_S = 0.2


def add_arguments(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the questions to the command line's subcommands."""
    pair = commands.add_parser("pair", help="show a link that pairs a phone with the running box")
    add_config(pair)
    pair.set_defaults(handler=_pair)

    queue = commands.add_parser("queue", help="what the running box still has to write and send")
    add_config(queue)
    queue.add_argument(
        "--wait",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="first let it become empty for so long, or until nothing of it moves any more",
    )
    queue.set_defaults(handler=_queue)

    doctor = commands.add_parser(
        "doctor", help="try everything that the running box needs, and say what to do"
    )
    add_config(doctor)
    doctor.add_argument("--json", action="store_true", help="print the report for programs")
    doctor.set_defaults(handler=_doctor)


def _pair(arguments: argparse.Namespace) -> int:
    """Ask the running box for a fresh link: whoever may signal it may read its private files too."""
    folder = load_config(arguments.config).config.box.runtime_dir
    status = read_status(folder)
    if status is None:
        return say_why_nothing(arguments)
    before = (folder / READY_FILE).stat().st_ino
    os.kill(status.pid, PAIR_SIGNAL)
    deadline_s = time.monotonic() + PAIR_BUDGET_S
    while (folder / READY_FILE).stat().st_ino == before:
        if time.monotonic() > deadline_s:
            print(say("cli.no_answer"), file=sys.stderr)
            return EXIT_UNAVAILABLE
        time.sleep(0.02)
    ready = json.loads((folder / READY_FILE).read_bytes())
    code = qrcode.QRCode()
    code.add_data(ready["pair_url"])
    code.print_ascii(invert=sys.stdout.isatty())
    print(ready["pair_url"])
    print(say("cli.fingerprint").format(fingerprint=ready["fingerprint"]))
    if sys.stdout.isatty():
        print(say("cli.codes.wait"))
        follow_codes(folder)
    return 0


def _queue(arguments: argparse.Namespace) -> int:
    folder = load_config(arguments.config).config.box.runtime_dir
    _wait_while_it_moves(folder, arguments.wait)
    status = read_status(folder)
    if status is None or status.queue is None:
        return say_why_nothing(arguments)
    queue = status.queue
    print(
        say("cli.queue").format(
            depth=queue.depth, attention=queue.attention, sending=queue.sending, link=say_link(status.link)
        )
    )
    if queue.oldest_at is not None:
        print(say("cli.oldest").format(time=queue.oldest_at.astimezone().isoformat(timespec="minutes")))
    if status.backup_at is not None:
        backup_at = status.backup_at.astimezone().isoformat(timespec="minutes")
        print(say("cli.rescued").format(time=backup_at))
    return 0 if status.drained else EXIT_NOT_DRAINED


def _wait_while_it_moves(folder: Path, wait_s: float) -> None:
    """What waits for a card or for the VPN may wait for days; the updater that asks does not."""
    now_s = time.monotonic()
    deadline_s = now_s + wait_s
    depth, moved_s = -1, now_s
    while now_s < min(deadline_s, moved_s + _STANDSTILL_S):
        status = read_status(folder)
        if status is None or status.drained or status.queue is None:
            return
        if status.queue.sending or status.queue.depth != depth:
            depth, moved_s = status.queue.depth, now_s
        time.sleep(_LOOK_EVERY_S)
        now_s = time.monotonic()


def _doctor(arguments: argparse.Namespace) -> int:
    def tell(report: EnvironmentReport) -> int:
        if arguments.json:
            print(msgspec.json.format(msgspec.json.encode(report)).decode())
        else:
            for line in describe(report, load_catalogue().texts(language())):
                print(line)
        return 0 if report.ready else EXIT_NOT_READY

    return send_order(arguments, "doctor", "", EnvironmentReport, tell)
