"""The bill of materials holds what the locks hold, and the check for known vulnerabilities can fail."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path

import pytest

from tests.supply.__main__ import BILL, ROOT, main, tell_age, tell_answered
from tests.supply.bill import bill_of
from tests.supply.known import Advisory, Asked, Finding, Snapshot, listed, read_answer, read_snapshot
from tests.supply.parts import Part, all_parts

FILES = ("pyproject.toml", "requirements.lock", "requirements-dev.lock", "package-lock.json")
PART = Part(kind="pypi", name="pillow", version="10.0.0", shipped=True, sha256=("0" * 64,))


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The files that the check reads, to be changed by a test."""
    (tmp_path / "docs").mkdir()
    for name in (*FILES, "docs/advisories.json"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_the_locks_as_they_are_have_no_listed_vulnerability(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--offline", "--root", str(checkout)]) == 0
    assert "listed advisories as of" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("lock", "pin"),
    [("requirements.lock", "aiohttp"), ("requirements.lock", "mako"), ("requirements.lock", "pillow")],
)
def test_a_pin_with_a_known_vulnerability_fails_the_check(
    checkout: Path, lock: str, pin: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (checkout / lock).read_text("utf-8")
    line = next(line for line in text.splitlines() if line.startswith(f"{pin}=="))
    (checkout / lock).write_text(text.replace(line, f"{pin}==1.1.0 \\"), "utf-8")

    assert main(["--offline", "--root", str(checkout)]) == 1
    assert f"VULNERABLE {pin} 1.1.0: PYSEC-" in capsys.readouterr().err


def test_the_bill_names_every_part_of_every_lock(checkout: Path) -> None:
    main(["--offline", "--root", str(checkout)])
    bill = json.loads((checkout / BILL).read_bytes())
    found = {component["purl"]: component for component in bill["components"]}

    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill["metadata"]["component"]["name"] == "visitbridge"
    assert len(found) == len(all_parts(checkout))
    shipped = {purl.partition("@")[0] for purl, part in found.items() if part["scope"] == "required"}
    assert {"pkg:pypi/aiohttp", "pkg:pypi/sqlcipher3", "pkg:npm/preact", "pkg:npm/htm"} <= shipped
    assert not {"pkg:pypi/pytest", "pkg:npm/typescript"} & shipped


def test_the_bill_has_the_hashes_of_the_lock() -> None:
    (component,) = json.loads(bill_of([PART], name="n", version="1"))["components"]

    assert component["hashes"] == [{"alg": "SHA-256", "content": "0" * 64}]
    assert component["purl"] == "pkg:pypi/pillow@10.0.0"


@pytest.mark.parametrize(
    ("introduced", "fixed", "affected"),
    [
        ("0", "10.0.1", True),
        ("0", "10.0.0", False),
        ("10.0.0", "", True),
        ("10.0.1", "", False),
        ("0", "9", False),
    ],
)
def test_a_version_is_affected_from_introduced_to_before_fixed(
    introduced: str, fixed: str, affected: bool
) -> None:
    advisory = Advisory(id="X-1", package="pillow", introduced=introduced, fixed=fixed)
    snapshot = Snapshot(as_of=dt.date(2026, 1, 1), source="s", advisories=(advisory,))

    assert listed([PART], snapshot) == [Finding("pillow", "10.0.0", "X-1")] * affected


@pytest.mark.parametrize(("days", "stale"), [(30, False), (31, True)])
def test_an_old_list_says_that_it_is(days: int, stale: bool, capsys: pytest.CaptureFixture[str]) -> None:
    snapshot = read_snapshot(ROOT / "docs/advisories.json")
    tell_age(snapshot, snapshot.as_of + dt.timedelta(days=days))

    assert ("STALE" in capsys.readouterr().err) is stale


@pytest.mark.parametrize(
    ("output", "answered", "words"),
    [
        (b"", 0, "NOT checked there"),
        (b'{"dependencies": [{"name": "pillow", "skip_reason": "not found"}]}', 0, "NOT checked there"),
        (b'{"dependencies": [{"name": "a", "version": "1", "vulns": []}]}', 1, "1 of 2"),
    ],
    ids=["no answer", "skipped", "half"],
)
def test_an_index_that_says_nothing_is_no_all_clear(
    output: bytes, answered: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = read_answer(output, of=2)
    tell_answered(asked)

    assert (asked.answered, asked.findings) == (answered, ())
    assert words in capsys.readouterr().err


def test_what_the_index_knows_is_a_finding() -> None:
    output = b'{"dependencies": [{"name": "a", "version": "1", "vulns": [{"id": "X-1"}]}]}'

    assert read_answer(output, of=1) == Asked(findings=(Finding("a", "1", "X-1"),), answered=1, of=1)
