"""What a program did to the files of one folder, in order, from a trace of its system calls.

Nothing is let pass: a call on these files that the model of a disk has no word for stops the recording.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

_CALLS = (
    "openat,open,creat,write,writev,pwrite64,pwritev,pwritev2,lseek,ftruncate,truncate,fallocate,fsync,fdatasync,"
    "sync_file_range,unlink,unlinkat,rename,renameat,renameat2,link,linkat,copy_file_range,sendfile,mmap"
)
_LINE = re.compile(r"(\w+)\((.*)\)\s+= (-?\d+|0x[0-9a-f]+)")
_RESUMED = re.compile(r"<\.\.\. \w+ resumed>(.*)")
_DESCRIPTOR = re.compile(r"\d+<([^>]*)>")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


class Write(msgspec.Struct, frozen=True):
    path: str
    offset: int
    data: bytes


class Truncate(msgspec.Struct, frozen=True):
    """To ``size`` bytes; zeros where that is longer."""

    path: str
    size: int


class Unlink(msgspec.Struct, frozen=True):
    path: str


class Rename(msgspec.Struct, frozen=True):
    path: str
    target: str


class Sync(msgspec.Struct, frozen=True):
    """Of a file, or of the folder (``.``): then the names in it."""

    path: str


class Note(msgspec.Struct, frozen=True):
    """The program asked for, or was answered about, the step (or the backup) of this number."""

    word: str
    number: int


Operation = Write | Truncate | Unlink | Rename | Sync | Note


class Untraceable(Exception):
    """The program did to a file what the model of a disk does not know."""


def record(work: Path, variant: int, synchronous: str) -> list[Operation]:
    """Play a life in a new folder under strace. Raises CalledProcessError when the player fails."""
    folder, log, notes = work / "live", work / "trace", work / "notes"
    folder.mkdir(parents=True)
    player = [sys.executable, "-m", "tests.powercut.player", str(folder / "store.db"), str(notes)]
    trace = ["strace", "-f", "--seccomp-bpf", "-y", "-qq", "-xx", "-s", "1000000", "-e", f"trace={_CALLS}"]
    subprocess.run(
        [*trace, "-o", str(log), *player, str(variant), synchronous],
        check=True,
        cwd=Path(__file__).parents[2],
        timeout=250,
    )
    with log.open() as lines:
        return list(operations(lines, folder, notes))


def operations(lines: Iterable[str], folder: Path, notes: Path) -> Iterator[Operation]:
    """Calls on files in ``folder``, each where it ended; paths relative to it. Raises Untraceable."""
    reader = _Reader(folder, notes)
    for call, arguments, result in _calls(lines):
        operation = reader.read(call, arguments, result)
        if operation is not None:
            yield operation


def _calls(lines: Iterable[str]) -> Iterator[tuple[str, str, int]]:
    """Finished, successful calls; one that was cut in two by another thread's is put together."""
    begun: dict[str, str] = {}
    for line in lines:
        thread, _, text = line.strip().partition(" ")
        text = text.strip()
        if text.endswith("<unfinished ...>"):
            begun[thread] = text.removesuffix("<unfinished ...>").rstrip()
            continue
        if resumed := _RESUMED.fullmatch(text):
            text = begun.pop(thread, "") + resumed[1]
        found = _LINE.match(text)
        if found and not found[3].startswith("-"):
            yield found[1], found[2], int(found[3], 0)


class _Reader:
    def __init__(self, folder: Path, notes: Path) -> None:
        self._folder = folder
        self._notes = str(notes)
        self._positions: dict[str, int] = {}

    def read(self, call: str, arguments: str, result: int) -> Operation | None:
        if call in {"openat", "unlink", "unlinkat"}:
            (text,) = _TEXT.findall(arguments)
            return self._named(call, _unhex(text).decode(), arguments)
        named = [
            name
            for text in _TEXT.findall(arguments)
            if self._inside(name := _unhex(text).decode(errors="replace"))
        ]
        if call == "rename" and len(named) == 2:
            return Rename(*map(self._relative, named))
        found = _DESCRIPTOR.search(arguments)
        path = "" if found is None else _unhex(found[1]).decode()
        if path == self._notes and call == "write":
            word, number = _data(arguments, result).decode().split()
            return Note(word, int(number))
        if self._inside(path):
            return self._on_file(call, path, arguments, result)
        if named and call not in {"write", "writev", "pwrite64"}:
            raise Untraceable(f"{call} on {named}")
        return None

    def _named(self, call: str, path: str, arguments: str) -> Operation | None:
        if not self._inside(path):
            return None
        if call == "openat":
            self._positions[path] = 0
            return Truncate(self._relative(path), 0) if "O_TRUNC" in arguments else None
        return Unlink(self._relative(path))

    def _on_file(self, call: str, path: str, arguments: str, result: int) -> Operation | None:
        name = self._relative(path)
        match call:
            case "lseek":
                self._positions[path] = result
                return None
            case "write":
                offset = self._positions.get(path, 0)
                self._positions[path] = offset + result
                return Write(name, offset, _data(arguments, result))
            case "pwrite64":
                return Write(name, int(arguments.rsplit(",", 1)[1]), _data(arguments, result))
            case "ftruncate":
                return Truncate(name, int(arguments.rsplit(",", 1)[1]))
            case "fsync" | "fdatasync":
                return Sync(name)
        raise Untraceable(f"{call} on {name}")

    def _inside(self, path: str) -> bool:
        return Path(path).is_relative_to(self._folder)

    def _relative(self, path: str) -> str:
        return str(Path(path).relative_to(self._folder))


def _data(arguments: str, result: int) -> bytes:
    found = _TEXT.search(arguments)
    if found is None:
        raise Untraceable("a write without its bytes")
    data = _unhex(found[1])[:result]
    if len(data) != result:
        raise Untraceable("the trace cut a write short")
    return data


def _unhex(text: str) -> bytes:
    r"""strace's ``\x41\x42``, or the text itself where it is not in that form."""
    return bytes.fromhex(text.replace("\\x", "")) if text.startswith("\\x") else text.encode()
