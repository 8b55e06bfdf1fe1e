"""What the disk refuses is told as it is, and nothing that was answered is missing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.adapters.store import programs
from visitbridge.adapters.store import binding
from visitbridge.errors import StoreError, StoreFull, StoreReadOnly


def test_a_full_disk_refuses_and_works_again_once_there_is_space(tmp_path: Path) -> None:
    script = """
        mount -t tmpfs -o size=2m none "$1" && cd "$2"
        head -c 600000 /dev/zero >"$1/ballast"
        shift 2
        exec "$@"
    """
    child = programs.command("until_full_then_freed", tmp_path / "store.db", 5)
    isolated = [
        "unshare",
        "--map-root-user",
        "--mount",
        "bash",
        "-ec",
        script,
        "bash",
        str(tmp_path),
        str(programs.ROOT),
    ]
    told = programs.run([*isolated, *child])
    assert [line.split()[1] for line in told["refused"]] == ["GW-STO-01"] * 5
    assert len(told["saved"]) > 20
    assert told["saved"][-1] == "after"
    assert told["stored"] == sorted(told["saved"])


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("pwrite64:error=ENOSPC:when=250..260", "GW-STO-01"),
        ("pwrite64:error=EIO:when=250..260", "GW-STO-00"),
        ("fsync:error=EIO:when=12", "GW-STO-00"),
    ],
)
def test_a_passing_fault_refuses_and_loses_nothing(tmp_path: Path, fault: str, code: str) -> None:
    child = programs.command("one_by_one", tmp_path / "store.db", 20)
    told = programs.run(programs.with_fault(child, fault))
    assert {line.split()[1] for line in told["refused"]} == {code}
    assert told["unknown"] == []
    assert told["stored"] == told["saved"]
    assert len(told["saved"]) + len(told["refused"]) == 20


def test_a_disk_that_stops_to_sync_is_told_as_unknown(tmp_path: Path) -> None:
    child = programs.command("one_by_one", tmp_path / "store.db", 6)
    told = programs.run(programs.with_fault(child, "fsync:error=EIO:when=12+"))
    unknown = [line.split()[0] for line in told["unknown"]]
    assert told["saved"]
    assert unknown
    assert len(told["saved"]) + len(told["refused"]) + len(unknown) == 6
    assert set(told["saved"]) <= set(told["stored"]) <= {*told["saved"], *unknown}


def test_a_commit_that_took_place_in_spite_of_its_error_is_answered_as_saved(tmp_path: Path) -> None:
    child = programs.command("one_by_one", tmp_path / "store.db", 6)
    told = programs.run(programs.with_fault(child, "fsync:error=EIO:when=12..13"))
    assert told["refused"] == told["unknown"] == []
    assert told["stored"] == told["saved"] == [f"job-{number:04d}" for number in range(6)]


class DiskError(binding.VendorError):
    """As sqlcipher3 raises it for SQLITE_IOERR."""

    sqlite_errorcode = 10
    sqlite_errorname = "SQLITE_IOERR"


@pytest.mark.parametrize(
    ("flags", "free", "expected"),
    [(os.ST_RDONLY, 100, StoreReadOnly), (0, 0, StoreFull), (0, 100, StoreError)],
)
def test_an_io_error_is_explained_by_the_state_of_the_disk(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, flags: int, free: int, expected: type[StoreError]
) -> None:
    state = os.statvfs_result((4096, 4096, 1000, free, free, 10, 10, 10, flags, 255))
    monkeypatch.setattr(os, "statvfs", lambda _: state)
    assert type(binding.translate(DiskError("disk I/O error"), tmp_path / "store.db")) is expected
