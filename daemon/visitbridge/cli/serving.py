"""``visitbridge run``: the daemon in the foreground, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import logging
import os
import signal
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from visitbridge.adapters.logs import set_up_logs
from visitbridge.adapters.memory import refuse_core_files, refuse_readers
from visitbridge.adapters.private_files import write_private
from visitbridge.adapters.systemd import (
    inherited_listeners,
    make_notifier,
    started_by_systemd,
    turn_away,
    watchdog_interval_s,
)
from visitbridge.app import Options, Ready, require_allowed, run_gateway
from visitbridge.cli.exit_codes import EXIT_SOFTWARE
from visitbridge.cli.options import add_config
from visitbridge.cli.ready import PAIR_SIGNAL, READY_FILE
from visitbridge.config import Config, load_config
from visitbridge.errors import ConfigError
from visitbridge.runtime.wiping import is_wiping

log = logging.getLogger(__name__)


def add_arguments(commands: argparse._SubParsersAction[Any]) -> None:
    """Add ``run`` to the command line's subcommands."""
    run = commands.add_parser("run", help="serve until SIGTERM or Ctrl-C", allow_abbrev=False)
    add_config(run)
    run.add_argument(
        "--allow-virtual", action="store_true", help="allow simulated devices; every page says so"
    )
    run.set_defaults(handler=_run)


def _run(arguments: argparse.Namespace) -> int:
    listeners = inherited_listeners()
    try:
        return _run_on(listeners, arguments)
    except ConfigError:
        turn_away(listeners.values())
        raise


def _run_on(listeners: Mapping[str, socket.socket], arguments: argparse.Namespace) -> int:
    config = load_config(arguments.config).config
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    options = Options(
        allow_virtual=arguments.allow_virtual,
        credentials_dir=Path(credentials) if credentials else None,
        watchdog_s=watchdog_interval_s(os.environ, os.getpid()),
        listeners=listeners,
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
    reload = asyncio.Event()
    loop.add_signal_handler(signal.SIGHUP, reload.set)

    def announce(describe: Callable[[], Ready]) -> None:
        _announce(config, describe(), aloud=not started_by_systemd())
        # What was made for the start is there to stay, as what was loaded is (runtime/loading.py).
        gc.freeze()
        loop.add_signal_handler(PAIR_SIGNAL, lambda: _announce(config, describe(), aloud=False))

    await run_gateway(config, options, notifier=make_notifier(), stop=stop, announce=announce, reload=reload)


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
