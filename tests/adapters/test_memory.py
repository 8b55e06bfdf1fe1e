from __future__ import annotations

import subprocess
import sys

CHILD = """
import ctypes, resource
from visitbridge.adapters.memory import refuse_core_files, refuse_readers
refuse_core_files()
refuse_readers()
print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
"""
PR_GET_DUMPABLE_OFF = "(0, 0) 0"


def test_a_process_that_refuses_has_no_core_files_and_no_readers() -> None:
    done = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == PR_GET_DUMPABLE_OFF
