"""What a private pcscd says when this machine cannot have one, and what the lab does then."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from visitbridge.errors import PcscUnavailable
from visitbridge.sim import pcscd
from visitbridge.sim.lab.slots import next_free_port, open_slots


async def test_a_missing_driver_is_named_by_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pcscd, "DRIVER", Path("/nonexistent/libifdvpcd.so"))
    with pytest.raises(PcscUnavailable, match="not installed: vsmartcard-vpcd"):
        async with pcscd.open_pcscd():
            pass


async def test_a_pcscd_that_does_not_start_says_why_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "pcscd"
    broken.write_text("#!/bin/sh\necho no luck today\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(pcscd, "PCSCD", broken)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(PcscUnavailable, match="no luck today"):
        async with pcscd.open_pcscd():
            pass
    assert os.listdir(tmp_path) == ["pcscd"]  # noqa: PTH208 - pathlib is taken for a wait in coroutines


async def test_a_kernel_without_namespaces_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    refusing = tmp_path / "unshare"
    refusing.write_text("#!/bin/sh\necho 'unshare failed: Operation not permitted' >&2\nexit 1\n")
    refusing.chmod(0o755)
    monkeypatch.setattr(pcscd, "UNSHARE", refusing)
    with pytest.raises(PcscUnavailable, match="no namespaces"):
        async with pcscd.open_pcscd():
            pass


async def test_the_lab_connects_cards_to_the_gateway_where_there_is_no_pcscd(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(pcscd, "DRIVER", Path("/nonexistent/libifdvpcd.so"))
    async with open_slots(use_pcscd=True, log_path=tmp_path / "pcscd.log") as slots:
        assert slots.pcscd is None
        assert slots.instead == "not installed: vsmartcard-vpcd"
        assert list(slots.by_reader) == ["virtual-1", "virtual-2"]
        assert len(slots.socket_readers) == 2


def test_ports_beyond_the_range_are_taken_from_the_system() -> None:
    assert 0 < next_free_port(65536) < 65536
