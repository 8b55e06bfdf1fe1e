"""Clock, supply, temperature and disk: what the board itself can tell."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from vbtools.selftest.model import Finding, Outcome
from visitbridge import RELEASED_AT

LEAST_FREE_BYTES: Final = 1 << 30
HOTTEST_C: Final = 80.0
"""Where a Raspberry Pi begins to slow down."""
MOST_DRIFT_S: Final = 0.5
"""A clock that is set meanwhile jumps by more than that; one that merely runs wrongly does not in an hour."""

_EVERY_S = 1.0
_BLOCK_BYTES = 1 << 20


class Supply(Protocol):
    """``None``: the board cannot tell."""

    def under_voltage(self) -> bool | None: ...


class Watch:
    """Looks at supply and temperature every second while other things are tried."""

    def __init__(self, supply: Supply, sysfs: Path = Path("/sys")) -> None:
        self._supply = supply
        self._sysfs = sysfs
        self._low = 0
        self._looks = 0
        self._hottest_c: float | None = None

    async def run(self) -> None:
        """For ever."""
        while True:
            self.look()
            await asyncio.sleep(_EVERY_S)

    def look(self) -> None:
        low = self._supply.under_voltage()
        if low is not None:
            self._looks += 1
            self._low += low
        for zone in sorted(self._sysfs.glob("class/thermal/thermal_zone*/temp")):
            degrees = _degrees(zone)
            if degrees is not None:
                self._hottest_c = max(degrees, self._hottest_c or degrees)

    def supply(self) -> Finding:
        facts: dict[str, str | int | float] = {"looks": self._looks, "under_voltage": self._low}
        if not self._looks:
            return Finding(probe="supply", outcome=Outcome.ABSENT, reason="no_sensor")
        if self._low:
            return Finding(probe="supply", outcome=Outcome.BAD, reason="under_voltage", facts=facts)
        return Finding(probe="supply", outcome=Outcome.GOOD, facts=facts)

    def temperature(self) -> Finding:
        if self._hottest_c is None:
            return Finding(probe="temperature", outcome=Outcome.ABSENT, reason="no_sensor")
        facts: dict[str, str | int | float] = {"hottest_c": self._hottest_c, "limit_c": HOTTEST_C}
        if self._hottest_c >= HOTTEST_C:
            return Finding(probe="temperature", outcome=Outcome.BAD, reason="too_hot", facts=facts)
        return Finding(probe="temperature", outcome=Outcome.GOOD, facts=facts)


class ClockWatch:
    """Holds the wall clock to the boot's own clock from its making on."""

    def __init__(
        self,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
        boot_s: Callable[[], float] = lambda: time.clock_gettime(time.CLOCK_BOOTTIME),
        sysfs: Path = Path("/sys"),
    ) -> None:
        self._now, self._boot_s, self._sysfs = now, boot_s, sysfs
        self._began = (now(), boot_s())

    def finding(self) -> Finding:
        now, boot_s = self._now(), self._boot_s()
        jump_s = (now - self._began[0]).total_seconds() - (boot_s - self._began[1])
        facts: dict[str, str | int | float] = {
            "jump_s": round(jump_s, 3),
            "watched_s": round(boot_s - self._began[1], 1),
            "rtc": "yes" if (self._sysfs / "class/rtc/rtc0").exists() else "no",
        }
        if now < RELEASED_AT:
            return Finding(probe="clock", outcome=Outcome.BAD, reason="before_release", facts=facts)
        if abs(jump_s) > MOST_DRIFT_S:
            return Finding(probe="clock", outcome=Outcome.BAD, reason="jumped", facts=facts)
        return Finding(probe="clock", outcome=Outcome.GOOD, facts=facts)


def try_disk(folder: Path, megabytes: int, *, least_free_bytes: int = LEAST_FREE_BYTES) -> Finding:
    """Write random bytes, have them on the disk, read them back from there, and look what room is left."""
    free = shutil.disk_usage(folder).free
    facts: dict[str, str | int | float] = {"megabytes": megabytes, "free_megabytes": free >> 20}
    if free < least_free_bytes + megabytes * _BLOCK_BYTES:
        return Finding(probe="disk", outcome=Outcome.BAD, reason="full", facts=facts)
    file = folder / f".selftest-{secrets.token_hex(4)}"
    try:
        begin_s = time.perf_counter()
        written = _write(file, megabytes)
        facts["write_mb_s"] = round(megabytes / (time.perf_counter() - begin_s), 1)
        begin_s = time.perf_counter()
        same = _read(file) == written
        facts["read_mb_s"] = round(megabytes / (time.perf_counter() - begin_s), 1)
    except OSError as exc:
        return Finding(
            probe="disk", outcome=Outcome.BAD, reason="io", facts=facts | {"errno": exc.errno or 0}
        )
    finally:
        file.unlink(missing_ok=True)
    if not same:
        return Finding(probe="disk", outcome=Outcome.BAD, reason="differs", facts=facts)
    return Finding(probe="disk", outcome=Outcome.GOOD, facts=facts)


def describe_machine(proc: Path = Path("/proc"), etc: Path = Path("/etc")) -> tuple[str, str]:
    """Model of the board (or of the processor), and the system's name."""
    model = _text(proc / "device-tree/model").rstrip("\0")
    if not model:
        lines = _text(proc / "cpuinfo").splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    release = dict(line.split("=", 1) for line in _text(etc / "os-release").splitlines() if "=" in line)
    system = release.get("PRETTY_NAME", "").strip('"')
    return model or "?", f"{system}, Linux {os.uname().release}"


def _write(file: Path, megabytes: int) -> bytes:
    digest = hashlib.sha256()
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        for _ in range(megabytes):
            block = secrets.token_bytes(_BLOCK_BYTES)
            digest.update(block)
            stream.write(block)
        stream.flush()
        os.fsync(stream.fileno())
    return digest.digest()


def _read(file: Path) -> bytes:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        # Else it would come out of memory, where nothing can have happened to it.
        os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while block := stream.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.digest()


def _degrees(zone: Path) -> float | None:
    try:
        return int(zone.read_text("ascii")) / 1000
    except (OSError, ValueError):
        return None


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace")
    except OSError:
        return ""
