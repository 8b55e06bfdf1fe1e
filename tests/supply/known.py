"""Known vulnerabilities: what the dated list of this repository says, and what the package index says where it says anything."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec
from packaging.version import Version

from tests.supply.parts import Part

STALE_AFTER_DAYS = 30
_WITHIN_S = 120


class Advisory(msgspec.Struct, frozen=True, kw_only=True):
    """Versions from ``introduced`` on and before ``fixed`` are affected; no ``fixed``: all of them."""

    id: str
    package: str
    introduced: str = "0"
    fixed: str = ""
    aliases: tuple[str, ...] = ()


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """``as_of``: the newest change that it knows of."""

    as_of: dt.date
    source: str
    advisories: tuple[Advisory, ...]

    def age_days(self, today: dt.date) -> int:
        return (today - self.as_of).days


class Finding(msgspec.Struct, frozen=True, order=True):
    package: str
    version: str
    advisory: str


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """``answered``: about how many of ``of`` packages the index said anything at all."""

    findings: tuple[Finding, ...]
    answered: int
    of: int


def read_snapshot(file: Path) -> Snapshot:
    return msgspec.json.decode(file.read_bytes(), type=Snapshot)


def listed(parts: Sequence[Part], snapshot: Snapshot) -> list[Finding]:
    """By the dated list."""
    return sorted(
        Finding(part.name, part.version, advisory.id)
        for part in parts
        for advisory in snapshot.advisories
        if part.kind == "pypi" and part.name == advisory.package and _affects(advisory, part.version)
    )


def ask_index(parts: Sequence[Part]) -> Asked:
    """By pip-audit, of the index that pip is set up for.

    An index that knows no advisories is no all-clear: pip-audit then skips a package, and so it counts as not
    answered.
    """
    pins = [f"{part.name}=={part.version}\n" for part in parts if part.kind == "pypi"]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.writelines(pins)
        file.flush()
        command = [sys.executable, "-m", "pip_audit", "-r", file.name, "--no-deps", "--disable-pip"]
        try:
            done = subprocess.run(
                [*command, "--progress-spinner", "off", "-f", "json", "--timeout", "5"],
                capture_output=True,
                check=False,
                timeout=_WITHIN_S,
            )
        except subprocess.TimeoutExpired:
            return Asked(findings=(), answered=0, of=len(pins))
    return read_answer(done.stdout, of=len(pins))


def read_answer(output: bytes, *, of: int) -> Asked:
    """From pip-audit's JSON; what is no JSON is no answer."""
    try:
        packages = json.loads(output)["dependencies"]
    except (json.JSONDecodeError, KeyError):
        return Asked(findings=(), answered=0, of=of)
    answered = [package for package in packages if "skip_reason" not in package]
    findings = [
        Finding(package["name"], package["version"], vulnerability["id"])
        for package in answered
        for vulnerability in package["vulns"]
    ]
    return Asked(findings=tuple(sorted(findings)), answered=len(answered), of=of)


def _affects(advisory: Advisory, version: str) -> bool:
    found = Version(version)
    return Version(advisory.introduced) <= found and (not advisory.fixed or found < Version(advisory.fixed))
