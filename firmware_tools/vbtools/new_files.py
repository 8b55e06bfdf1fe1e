"""Files that a tool makes: never over one that is there, and private where they hold a secret."""

from __future__ import annotations

import os
from pathlib import Path

from visitbridge.errors import FieldInvalid

PRIVATE = 0o600
PUBLIC = 0o644


def write_new(file: Path, content: bytes, *, mode: int = PRIVATE) -> None:
    """Make ``file``; on disk when this returns. Raises FieldInvalid (``file``) when it exists or cannot be made."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    except FileExistsError as exc:
        raise FieldInvalid(f"{file} exists and is left as it is", field="file") from exc
    except OSError as exc:
        raise FieldInvalid(f"cannot write {file}: {exc.strerror}", field="file") from exc
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def require_writable(*files: Path) -> None:
    """Before the hours of work whose result goes there: what ``write_new`` would refuse. Raises FieldInvalid (``file``)."""
    for file in files:
        if os.path.lexists(file):
            raise FieldInvalid(f"{file} exists and is left as it is", field="file")
        if not os.access(file.parent, os.W_OK | os.X_OK):
            raise FieldInvalid(f"cannot write into {file.parent}", field="file")


def read_given(file: Path) -> bytes:
    """The content of a file that somebody named. Raises FieldInvalid (``file``)."""
    try:
        return file.read_bytes()
    except OSError as exc:
        raise FieldInvalid(f"cannot read {file}: {exc.strerror}", field="file") from exc
