"""What the project is made of, read from its lock files alone: the same list wherever it is made."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import msgspec
from packaging.utils import canonicalize_name

_PIN = re.compile(r"^([\w.-]+)==([^\s;\\]+)", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """``kind``: ``pypi`` or ``npm``. ``shipped``: on a box, not for development only. ``sha256`` of its files, hex."""

    kind: str
    name: str
    version: str
    shipped: bool
    sha256: tuple[str, ...] = ()


def all_parts(root: Path) -> Sequence[Part]:
    """Shipped ones first, each once, by name."""
    found = [
        *_pinned(root / "requirements.lock", shipped=True),
        *_web(root / "package-lock.json"),
        *_pinned(root / "requirements-dev.lock", shipped=False),
    ]
    once = {(part.kind, part.name): part for part in reversed(found)}
    return sorted(once.values(), key=lambda part: (not part.shipped, part.kind, part.name))


def _pinned(lock: Path, *, shipped: bool) -> list[Part]:
    text = lock.read_text("utf-8")
    starts = [*_PIN.finditer(text)]
    ends = [*(match.start() for match in starts[1:]), len(text)]
    return [
        Part(
            kind="pypi",
            name=canonicalize_name(match[1]),
            version=match[2],
            shipped=shipped,
            sha256=tuple(_HASH.findall(text[match.start() : end])),
        )
        for match, end in zip(starts, ends, strict=True)
    ]


def _web(lock: Path) -> list[Part]:
    packages = json.loads(lock.read_text("utf-8"))["packages"]
    return [
        Part(
            kind="npm",
            name=path.removeprefix("node_modules/"),
            version=entry["version"],
            shipped=not entry.get("dev", False),
        )
        for path, entry in packages.items()
        if path
    ]
