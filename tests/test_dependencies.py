"""pyproject.toml, the locks and the list of dependencies in docs/decisions say the same."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
RUNTIME = [Requirement(line) for line in PROJECT["project"]["dependencies"]]
DEVELOPMENT = [Requirement(line) for line in PROJECT["dependency-groups"]["dev"]]
FROM_DEBIAN = [Requirement(line) for line in PROJECT["project"]["optional-dependencies"]["bindings"]]
NPM = json.loads((ROOT / "package.json").read_text("utf-8"))
DECISION = (ROOT / "docs/decisions/0002-dependencies.md").read_text("utf-8").lower()


def locked(name: str) -> dict[str, str]:
    """Package → version of one lock file."""
    pins = re.findall(r"^([\w.-]+)==([^\s;\\]+)", (ROOT / name).read_text("utf-8"), re.MULTILINE)
    return {canonicalize_name(package): version for package, version in pins}


@pytest.mark.parametrize(
    ("lock", "requirement"),
    [
        *(("requirements.lock", requirement) for requirement in RUNTIME),
        *(("requirements-dev.lock", requirement) for requirement in DEVELOPMENT),
    ],
    ids=str,
)
def test_the_lock_holds_what_pyproject_asks_for(lock: str, requirement: Requirement) -> None:
    assert requirement.specifier.contains(locked(lock)[canonicalize_name(requirement.name)])


def test_a_package_in_both_locks_has_one_version() -> None:
    runtime, development = locked("requirements.lock"), locked("requirements-dev.lock")

    assert {name: runtime[name] for name in runtime.keys() & development.keys()} == {
        name: development[name] for name in runtime.keys() & development.keys()
    }


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_what_debian_provides_is_in_no_lock(lock: str) -> None:
    assert not locked(lock).keys() & {canonicalize_name(requirement.name) for requirement in FROM_DEBIAN}


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock", "package-lock.json"])
def test_a_lock_binds_nobody_to_a_server_or_a_path(lock: str) -> None:
    assert not re.search(
        r'"resolved"|--(?:extra-)?index-url|--find-links|file:', (ROOT / lock).read_text("utf-8")
    )


@pytest.mark.parametrize(
    "name",
    [
        *(requirement.name.lower() for requirement in [*RUNTIME, *DEVELOPMENT]),
        *NPM["dependencies"],
        *NPM["devDependencies"],
    ],
)
def test_every_dependency_has_its_line_of_reasons(name: str) -> None:
    assert re.search(rf"^\|[^|]*(?<![\w-]){re.escape(name)}(?![\w-])[^|]*\|", DECISION, re.MULTILINE)
