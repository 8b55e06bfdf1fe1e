"""Letting this process talk to a private pcscd, and what it costs that."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

LINK = Path(tempfile.gettempdir()) / f"vb-test-{os.getpid()}.comm"
"""The one pcscd that a test process knows: libpcsclite reads PCSCLITE_CSOCK_NAME once and remembers it for good."""


def name_our_pcscd() -> None:
    """Before anything can ask for pcscd. The link leads nowhere, and no test meets the machine's, until one points it."""
    os.environ["PCSCLITE_CSOCK_NAME"] = str(LINK)


@contextlib.contextmanager
def clients_of(socket_path: Path) -> Iterator[None]:
    """Make libpcsclite in this process use the pcscd behind ``socket_path``; in programs beside pytest, too."""
    name_our_pcscd()
    LINK.unlink(missing_ok=True)
    LINK.symlink_to(socket_path)
    try:
        yield
    finally:
        LINK.unlink()


def wake_ups() -> int:
    """How often the threads of this process have gone to sleep so far."""
    lines = [
        line
        for thread in Path("/proc/self/task").iterdir()
        for line in (thread / "status").read_text().splitlines()
    ]
    return sum(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches"))
