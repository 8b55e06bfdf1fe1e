"""The command line: ``visitbridge run | pair | queue | config | simulate | lab | version``.

Exit codes: 0 done · 1 a scenario did not go as written, the queue is not empty, or the doctor found something broken · 2 wrong usage · 69 a part of the box
failed, or it does not run · 70 a bug, or services that did not stop in time · 78 the configuration cannot be used
(sysexits.h).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import qrcode

from visitbridge import __version__
from visitbridge.adapters.doctor import ask_doctor
from visitbridge.adapters.logs import set_up_logs
from visitbridge.adapters.memory import refuse_core_files, refuse_readers
from visitbridge.adapters.private_files import write_private
from visitbridge.adapters.status_file import read_status
from visitbridge.adapters.systemd import make_notifier, started_by_systemd, watchdog_interval_s
from visitbridge.app import Options, Ready, require_allowed, run_gateway
from visitbridge.config import Config, Loaded, dump, load_config, reference
from visitbridge.errors import ConfigError, VisitBridgeError
from visitbridge.runtime.wiping import is_wiping
from visitbridge.services.environment.wording import describe
from visitbridge.sim.lab import command as lab_command
from visitbridge.sim.scenario import command as simulate_command
from visitbridge.words import load_catalogue

EXIT_NOT_DRAINED = 1
EXIT_NOT_READY = 1
EXIT_UNAVAILABLE = 69
EXIT_SOFTWARE = 70
EXIT_CONFIG = 78

READY_FILE = "ready.json"
PAIR_SIGNAL = signal.SIGUSR1
PAIR_BUDGET_S = 5.0

log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Errors go to stderr in words, with their code."""
    options = _parser().parse_args(arguments)
    handler: Callable[[argparse.Namespace], int] = options.handler
    try:
        return handler(options)
    except VisitBridgeError as exc:
        return _report(exc)
    except BaseExceptionGroup as group:
        known, rest = group.split(VisitBridgeError)
        if known is None or rest is not None:
            return _report_bug(group)
        return _report(_first(known))
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except Exception as exc:  # noqa: BLE001 - the last place before the interpreter would print its message
        return _report_bug(exc)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="visitbridge",
        description="Pocket gateway between visit teams, their card readers and the insurer's VPN.",
        epilog=(__doc__ or "").partition("\n\n")[2],
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="serve until SIGTERM or Ctrl-C", allow_abbrev=False)
    _add_config(run)
    run.add_argument(
        "--allow-virtual", action="store_true", help="allow simulated devices; every page says so"
    )
    run.set_defaults(handler=_run)

    pair = commands.add_parser("pair", help="show a link that pairs a phone with the running box")
    _add_config(pair)
    pair.set_defaults(handler=_pair)

    queue = commands.add_parser("queue", help="what the running box still has to write and send")
    _add_config(queue)
    queue.set_defaults(handler=_queue)

    doctor = commands.add_parser(
        "doctor", help="try everything that the running box needs, and say what to do"
    )
    _add_config(doctor)
    doctor.add_argument("--json", action="store_true", help="print the report for programs")
    doctor.set_defaults(handler=_doctor)

    config = commands.add_parser("config", help="look at the configuration")
    actions = config.add_subparsers(required=True, metavar="ACTION")
    check = actions.add_parser("check", help="report every problem of the files")
    _add_config(check)
    check.set_defaults(handler=_config_check)
    show = actions.add_parser("dump", help="print the values in force and where each comes from")
    _add_config(show)
    show.set_defaults(handler=_config_dump)
    explain = actions.add_parser("reference", help="print every key with its meaning, as Markdown")
    explain.set_defaults(handler=_config_reference)

    lab_command.add_arguments(commands)
    simulate_command.add_arguments(commands)

    version = commands.add_parser("version", help="print the version")
    version.set_defaults(handler=_version)
    return parser


def _add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="instead of /etc/visitbridge/visitbridge.toml; conf.d beside it is read too",
    )


def _run(arguments: argparse.Namespace) -> int:
    config = load_config(arguments.config).config
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    options = Options(
        allow_virtual=arguments.allow_virtual,
        credentials_dir=Path(credentials) if credentials else None,
        watchdog_s=watchdog_interval_s(os.environ, os.getpid()),
    )
    require_allowed(config, options)
    set_up_logs(form=config.log.format, level=config.log.level)
    try:
        asyncio.run(_serve(config, options))
    except TimeoutError:
        log.error("services did not stop in time")
        # A thread that hangs in a vendor's library cannot be ended, and would keep the interpreter waiting.
        logging.shutdown()
        os._exit(EXIT_SOFTWARE)
    return 0


async def _serve(config: Config, options: Options) -> None:
    refuse_core_files()
    if not options.allow_virtual:
        refuse_readers()
    if not is_wiping(os.environ):
        log.warning("freed memory is not wiped: the environment does not ask for it (runtime/wiping.py)")
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    def announce(describe: Callable[[], Ready]) -> None:
        _announce(config, describe(), aloud=not started_by_systemd())
        loop.add_signal_handler(PAIR_SIGNAL, lambda: _announce(config, describe(), aloud=False))

    await run_gateway(config, options, notifier=make_notifier(), stop=stop, announce=announce)


def _announce(config: Config, ready: Ready, *, aloud: bool) -> None:
    """A private file that says where the box serves and, if ``aloud``, the same line for whoever started us.

    Under systemd standard output is the journal, where a pairing token has no place.
    """
    line = json.dumps(
        {
            "event": "ready",
            "url": ready.url,
            "pair_url": ready.pair_url,
            "ca_file": str(ready.ca_file or ""),
            "fingerprint": ready.fingerprint,
        }
    )
    write_private(config.box.runtime_dir / READY_FILE, line.encode() + b"\n")
    if aloud:
        print(line, flush=True)


def _pair(arguments: argparse.Namespace) -> int:
    """Ask the running box for a fresh link: whoever may signal it may read its private files too."""
    folder = load_config(arguments.config).config.box.runtime_dir
    status = read_status(folder)
    if status is None:
        print(_say("cli.not_running"), file=sys.stderr)
        return EXIT_UNAVAILABLE
    before = (folder / READY_FILE).stat().st_ino
    os.kill(status.pid, PAIR_SIGNAL)
    deadline_s = time.monotonic() + PAIR_BUDGET_S
    while (folder / READY_FILE).stat().st_ino == before:
        if time.monotonic() > deadline_s:
            print(_say("cli.no_answer"), file=sys.stderr)
            return EXIT_UNAVAILABLE
        time.sleep(0.02)
    ready = json.loads((folder / READY_FILE).read_bytes())
    code = qrcode.QRCode()
    code.add_data(ready["pair_url"])
    code.print_ascii(invert=sys.stdout.isatty())
    print(ready["pair_url"])
    print(_say("cli.fingerprint").format(fingerprint=ready["fingerprint"]))
    return 0


def _queue(arguments: argparse.Namespace) -> int:
    status = read_status(load_config(arguments.config).config.box.runtime_dir)
    if status is None or status.queue is None:
        print(_say("cli.not_running"), file=sys.stderr)
        return EXIT_UNAVAILABLE
    queue = status.queue
    print(
        _say("cli.queue").format(
            depth=queue.depth, attention=queue.attention, sending=queue.sending, link=status.link
        )
    )
    if queue.oldest_at is not None:
        print(_say("cli.oldest").format(time=queue.oldest_at.astimezone().isoformat(timespec="minutes")))
    if status.backup_at is not None:
        backup_at = status.backup_at.astimezone().isoformat(timespec="minutes")
        print(_say("cli.rescued").format(time=backup_at))
    return 0 if status.drained else EXIT_NOT_DRAINED


def _doctor(arguments: argparse.Namespace) -> int:
    report = asyncio.run(ask_doctor(load_config(arguments.config).config.box.runtime_dir))
    if report is None:
        print(_say("cli.not_running"), file=sys.stderr)
        return EXIT_UNAVAILABLE
    if arguments.json:
        print(msgspec.json.format(msgspec.json.encode(report)).decode())
    else:
        for line in describe(report, load_catalogue().texts(_language())):
            print(line)
    return 0 if report.ready else EXIT_NOT_READY


def _config_check(arguments: argparse.Namespace) -> int:
    loaded: Loaded = load_config(arguments.config)
    print(f"ok: {len(loaded.origins)} keys set, the rest are defaults")
    return 0


def _config_dump(arguments: argparse.Namespace) -> int:
    print(dump(load_config(arguments.config)), end="")
    return 0


def _config_reference(_arguments: argparse.Namespace) -> int:
    print(reference(), end="")
    return 0


def _version(_arguments: argparse.Namespace) -> int:
    print(f"visitbridge {__version__}")
    return 0


def _report(error: VisitBridgeError) -> int:
    words = load_catalogue().error(_language(), error.code, error.params)
    print(f"{error.code} {words.what} {words.where} {words.now}", file=sys.stderr)
    details = error.problems if isinstance(error, ConfigError) else (error.detail,)
    for detail in filter(None, details):
        print(f"  {detail}", file=sys.stderr)
    return EXIT_CONFIG if isinstance(error, ConfigError) else EXIT_UNAVAILABLE


def _report_bug(error: BaseException) -> int:
    """Where it happened and what kind it is; never its message, which may hold personal data."""
    words = load_catalogue().error(_language(), VisitBridgeError.code, {})
    print(f"{VisitBridgeError.code} {words.what} {words.where} {words.now}", file=sys.stderr)
    for line in _traces(error):
        print(f"  {line}", file=sys.stderr)
    return EXIT_SOFTWARE


def _traces(error: BaseException) -> Iterator[str]:
    yield type(error).__qualname__
    for frame in traceback.extract_tb(error.__traceback__):
        yield f"  {frame.filename}:{frame.lineno} {frame.name}"
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    for each in (*inner, *filter(None, [error.__cause__])):
        yield from _traces(each)


def _first(group: BaseExceptionGroup[VisitBridgeError]) -> VisitBridgeError:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


def _say(key: str) -> str:
    return load_catalogue().texts(_language())[key]


def _language() -> str:
    """The terminal's language, by the variables of POSIX locales in their order."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    locale = next((value for value in map(os.environ.get, names) if value), "")
    return "zh-Hant-TW" if locale.startswith("zh") else "en"
