"""What the kernel may do with this process's memory: no core file, no reading by others (card PINs pass through)."""

from __future__ import annotations

import ctypes
import os
import resource

_PR_SET_DUMPABLE = 4
"""prctl(2), from linux/prctl.h; Python has no name for it."""


def refuse_core_files() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def refuse_readers() -> None:
    """No core dump by any handler, and no ptrace or ``/proc/PID/mem`` by other processes of the same user.

    Raises OSError when the kernel refuses.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
