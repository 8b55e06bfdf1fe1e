"""What a worker takes from itself before it reads its task; apart from :mod:`worker`, as workers need no event loop."""

from __future__ import annotations

import resource


def limit_self(*, memory_bytes: int, processor_s: int) -> None:
    """At most this much address space and processor time, no file that could be written, no core dump; for good."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (processor_s, processor_s))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
