"""Memory that is given back is overwritten, so that a PIN leaves no copy in what OpenSSL, aiohttp or libpcsclite freed.

Our own buffers are wiped by hand; the libraries' are not ours. The C library can overwrite all that is freed, if it
is told before the program starts (mallopt(3), M_PERTURB), and if Python takes its small objects from it too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WIPING_ENVIRONMENT: Final[Mapping[str, str]] = {
    "PYTHONMALLOC": "malloc",
    "GLIBC_TUNABLES": "glibc.malloc.perturb=165:glibc.malloc.tcache_count=0",
}
"""What the program is started with. Without the last part, small blocks are kept for reuse as they are."""


def is_wiping(environment: Mapping[str, str]) -> bool:
    return WIPING_ENVIRONMENT.items() <= environment.items()
