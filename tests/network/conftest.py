"""Says which ways of spoiling a line this kernel has."""

from __future__ import annotations

from tests.network.rough import HOW


def pytest_report_header() -> str:
    return f"network: a line is spoiled by {' and by '.join(HOW)}" + (
        "" if "netem" in HOW else "; this kernel has no netem (module sch_netem), or this is not root"
    )
