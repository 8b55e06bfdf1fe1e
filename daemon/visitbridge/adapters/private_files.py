"""Files that only their owner may read, written whole or not at all, and written over when they held a secret."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

_CHUNK_BYTES = 2**20


def write_secret(file: Path, content: bytes) -> None:
    """:func:`write_private`, after which the former content is written over: its blocks are free, and could be read as long as
    nothing else needs them. That happens once the new content is on disk, and is all done when this returns.
    """
    with _opened(file) as former:
        write_private(file, content)
        if former is not None:
            _write_over(former)


def destroy(file: Path) -> None:
    """Write over a file with random bytes, on disk before its name goes. One that is not there is left alone."""
    with _opened(file) as former:
        if former is not None:
            _write_over(former)
            file.unlink()


def write_private(file: Path, content: bytes) -> None:
    """Replace ``file`` with mode 0600; on disk when this returns, and never half of it."""
    fresh = file.with_name(f".{file.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(file)
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def make_private_folder(folder: Path) -> None:
    """Make ``folder`` and its parents; itself with mode 0700."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[int | None]:
    """A descriptor to write over what ``file`` names now; None where it names nothing."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        yield None
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _write_over(descriptor: int) -> None:
    left = os.fstat(descriptor).st_size
    while left > 0:
        left -= os.write(descriptor, secrets.token_bytes(min(left, _CHUNK_BYTES)))
    os.fsync(descriptor)
