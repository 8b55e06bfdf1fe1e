"""Letting this process talk to a private pcscd, and what it costs that."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def clients_of(socket_path: Path) -> Iterator[None]:
    """Make libpcsclite in this process use the pcscd behind ``socket_path``.

    libpcsclite reads PCSCLITE_CSOCK_NAME once and remembers it, so all tests of a process name the same
    symbolic link, which points to the pcscd of the moment.
    """
    link = Path(tempfile.gettempdir()) / f"vb-test-{os.getpid()}.comm"
    os.environ["PCSCLITE_CSOCK_NAME"] = str(link)
    link.unlink(missing_ok=True)
    link.symlink_to(socket_path)
    try:
        yield
    finally:
        link.unlink()


def wake_ups() -> int:
    """How often the threads of this process have gone to sleep so far."""
    lines = [
        line
        for thread in Path("/proc/self/task").iterdir()
        for line in (thread / "status").read_text().splitlines()
    ]
    return sum(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches"))
