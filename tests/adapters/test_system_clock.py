"""Which boot of the machine a moment belongs to."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from visitbridge import RELEASED_AT
from visitbridge.adapters.system_clock import SystemClock

GIVEN = "0123456789abcdef0123456789abcdef"


def test_the_boot_is_the_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VISITBRIDGE_BOOT_ID", raising=False)
    told = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()

    assert SystemClock(floor=RELEASED_AT).boot_id == uuid.UUID(told).hex


def test_a_service_that_sees_nothing_of_the_kernel_is_told_the_boot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISITBRIDGE_BOOT_ID", GIVEN)
    monkeypatch.setattr("visitbridge.adapters.system_clock._BOOT_ID", Path("/nowhere"))

    assert SystemClock(floor=RELEASED_AT).boot_id == GIVEN


def test_both_ways_tell_the_same_of_one_boot(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    alone = SystemClock(floor=RELEASED_AT)
    monkeypatch.setenv("VISITBRIDGE_BOOT_ID", told.replace("-", ""))

    assert SystemClock(floor=RELEASED_AT).boot_id == alone.boot_id
