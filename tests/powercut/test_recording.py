"""Reading strace's words (``-f -y -xx``)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.powercut.recording import (
    Note,
    Operation,
    Rename,
    Sync,
    Truncate,
    Unlink,
    Untraceable,
    Write,
    operations,
)

FOLDER, NOTES = Path("/w/live"), Path("/w/notes")


def hexed(text: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in text.encode())


DB = hexed("/w/live/store.db")


def read(*lines: str) -> list[Operation]:
    return list(operations(lines, FOLDER, NOTES))


@pytest.mark.parametrize(
    ("line", "operation"),
    [
        (f'7 pwrite64(4<{DB}>, "{hexed("page")}", 4, 2048) = 4', Write("store.db", 2048, b"page")),
        (f'7 pwrite64(4<{DB}>, "{hexed("page")}", 4, 2048) = 2', Write("store.db", 2048, b"pa")),
        (f"7 ftruncate(4<{DB}>, 4096) = 0", Truncate("store.db", 4096)),
        (f"7 fsync(4<{DB}>) = 0", Sync("store.db")),
        (f"7 fdatasync(4<{hexed('/w/live')}>) = 0", Sync(".")),
        (f'7 unlink("{DB}") = 0', Unlink("store.db")),
        (f'7 rename("{DB}", "{hexed("/w/live/b")}") = 0', Rename("store.db", "b")),
        (
            f'7 openat(AT_FDCWD<{hexed("/")}>, "{DB}", O_RDWR|O_TRUNC, 0600) = 4<{DB}>',
            Truncate("store.db", 0),
        ),
        (f'7 write(3<{hexed("/w/notes")}>, "{hexed("saved 12" + chr(10))}", 9) = 9', Note("saved", 12)),
    ],
)
def test_a_call_is_an_operation(line: str, operation: Operation) -> None:
    assert read(line) == [operation]


def test_a_call_that_another_thread_interrupts_counts_where_it_ends() -> None:
    assert read(
        f"7 fsync(4<{DB}> <unfinished ...>",
        f'8 write(3<{hexed("/w/notes")}>, "{hexed("asked 1" + chr(10))}", 8) = 8',
        "7 <... fsync resumed>) = 0",
    ) == [Note("asked", 1), Sync("store.db")]


def test_writes_without_an_offset_follow_one_another() -> None:
    opened = f'7 openat(AT_FDCWD<{hexed("/")}>, "{DB}", O_RDWR|O_CREAT, 0600) = 4<{DB}>'
    write = f'7 write(4<{DB}>, "{hexed("ab")}", 2) = 2'
    assert read(opened, write, write) == [Write("store.db", 0, b"ab"), Write("store.db", 2, b"ab")]


@pytest.mark.parametrize(
    "line",
    [
        f'7 pwrite64(4<{hexed("/w/other")}>, "{hexed("page")}", 4, 0) = 4',
        f"7 fsync(4<{DB}>) = -1 EIO (Input/output error)",
        f'7 unlink("{DB}") = -1 ENOENT (No such file or directory)',
    ],
)
def test_other_files_and_calls_that_failed_change_nothing(line: str) -> None:
    assert read(line) == []


@pytest.mark.parametrize(
    "line",
    [
        f'7 rename("{DB}", "{hexed("/w/elsewhere")}") = 0',
        f"7 fallocate(4<{DB}>, 0, 0, 4096) = 0",
        f"7 mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_SHARED, 4<{DB}>, 0) = 0x7f00",
        f'7 pwrite64(4<{DB}>, "{hexed("pa")}"..., 4, 0) = 4',
    ],
)
def test_what_the_model_has_no_word_for_is_not_let_pass(line: str) -> None:
    with pytest.raises(Untraceable):
        read(line)
