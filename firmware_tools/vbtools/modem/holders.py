"""Which programs have a device open, as far as this user may see (proc(5))."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

_PROC = Path("/proc")


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """``name``: the unit's or the program's, without its arguments, which may hold anything."""

    pid: int
    name: str


def holders_of(path: Path, *, proc: Path = _PROC) -> tuple[Holder, ...]:
    """Programs other than this one with ``path`` open, in the order of their numbers."""
    device = path.resolve()
    return tuple(
        Holder(pid=pid, name=_name(proc / str(pid)))
        for pid in sorted(int(entry.name) for entry in proc.iterdir() if entry.name.isdigit())
        if pid != os.getpid() and _has_open(proc / str(pid), device)
    )


def _has_open(process: Path, device: Path) -> bool:
    try:
        return any(link.resolve() == device for link in (process / "fd").iterdir())
    except OSError:
        return False


def _name(process: Path) -> str:
    try:
        unit = (process / "cgroup").read_text("utf-8", "replace").strip().rpartition("/")[2]
        return unit if unit.endswith(".service") else (process / "comm").read_text("utf-8", "replace").strip()
    except OSError:
        return "?"
