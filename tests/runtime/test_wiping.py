from __future__ import annotations

import os
import subprocess
import sys

import pytest

from visitbridge.runtime.wiping import WIPING_ENVIRONMENT, is_wiping

CHILD = """
import ctypes
secret = bytes(range(1, 251)) * {times}
place, length = id(secret) + bytes.__basicsize__ - 1, len(secret)
del secret
print(ctypes.string_at(place, length)[16:-16].count(bytes(range(100, 116))))
"""


@pytest.mark.parametrize("times", [1, 4, 40], ids=["small", "middle", "large"])
def test_what_python_gives_back_is_overwritten(times: int) -> None:
    def copies_left(environment: dict[str, str]) -> int:
        command = [sys.executable, "-c", CHILD.format(times=times)]
        return int(subprocess.run(command, env=environment, capture_output=True, check=True).stdout)

    plain = {name: value for name, value in os.environ.items() if name not in WIPING_ENVIRONMENT}

    assert copies_left(plain) > 0
    assert copies_left({**plain, **WIPING_ENVIRONMENT}) == 0


@pytest.mark.parametrize("missing", list(WIPING_ENVIRONMENT))
def test_all_of_it_is_needed(missing: str) -> None:
    some = {name: value for name, value in WIPING_ENVIRONMENT.items() if name != missing}

    assert is_wiping({"HOME": "/", **WIPING_ENVIRONMENT})
    assert not is_wiping(some)
