"""A store whose disk hangs: the process ends with an error within a bound, so that systemd starts it again."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path

BOUND_S = 50.0
"""The test's deadline of a store call is half a second; a real one of 30 s stands twice before the end."""

PROGRAM = """
import sys, threading
from visitbridge.adapters.store.sql_store import SqlStore
from visitbridge.cli import main
from visitbridge.services.outbox.ledger import Ledger

SqlStore.__init__.__kwdefaults__["deadline_s"] = 0.5

async def hang(ledger):
    await ledger._store.write(lambda tx: threading.Event().wait())

Ledger.recover = hang
sys.exit(main(["run", "--config", sys.argv[1]]))
"""

CONFIG = """
[box]
state_dir = "{folder}/state"
runtime_dir = "{folder}/run"
[http]
port = 0
[readers]
pcsc = false
[store]
key_file = "{folder}/store.key"
"""


async def test_the_process_ends_with_an_error_while_the_thread_still_hangs(tmp_path: Path) -> None:
    config = tmp_path / "visitbridge.toml"
    config.write_text(CONFIG.format(folder=tmp_path), "utf-8")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM, str(config)),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(BOUND_S):
            _, said = await process.communicate()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()

    assert process.returncode not in {0, None}
    assert b"GW-DEV-06" in said
