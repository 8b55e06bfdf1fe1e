"""The answers to ASVS and EN 303 645 are whole, and every test they name exists."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
SECTIONS = (
    "Assets",
    "Actors",
    "Trust boundaries",
    "Stolen box",
    "Debug ports",
    "Hostile phone",
    "Hostile page in a phone's browser",
    "Hostile Wi-Fi neighbour",
    "Hostile card",
    "Hostile reader",
    "Compromised portal",
    "Supply chain",
    "Documented rules",
)
LEVELS = {1: 70, 2: 183}
"""How many requirements ASVS 5.0.0 has at levels 1 and 2."""


def answers(name: str) -> dict[str, dict[str, Any]]:
    return tomllib.loads((DOCS / name).read_text("utf-8"))


ASVS = answers("asvs.toml")
EN = answers("en303645.toml")
NAMED = sorted({test for answer in (*ASVS.values(), *EN.values()) for test in answer.get("tests", ())})


def test_every_requirement_has_its_answer() -> None:
    assert Counter(answer["level"] for answer in ASVS.values()) == LEVELS
    assert list(EN) == [f"5.{number}" for number in range(1, 14)]


@pytest.mark.parametrize(
    ("status", "member"),
    [("met", "tests"), ("not applicable", "reason"), ("open", "reason"), ("open", "issue")],
)
def test_an_answer_says_why(status: str, member: str) -> None:
    said = [answer for answer in ASVS.values() if answer["status"] == status]

    assert len(said) > 0
    assert [answer for answer in said if not answer.get(member)] == []


def test_there_are_no_other_answers() -> None:
    assert {answer["status"] for answer in ASVS.values()} == {"met", "not applicable", "open"}
    assert {answer["status"] for answer in EN.values()} <= {"met", "partly", "open"}
    assert [answer for answer in EN.values() if not (answer.get("tests") or answer.get("missing"))] == []


@pytest.mark.parametrize("named", NAMED)
def test_a_named_test_exists(named: str) -> None:
    path, _, test = named.partition("::")

    assert re.search(rf"^(async )?def {test}\(", (ROOT / path).read_text("utf-8"), re.MULTILINE)


def test_the_threat_model_has_its_sections() -> None:
    text = (DOCS / "threat-model.md").read_text("utf-8")

    assert [section for section in SECTIONS if f"# {section}\n" not in text] == []


def test_the_threat_model_was_reviewed_within_the_year_before_its_release() -> None:
    text = (DOCS / "threat-model.md").read_text("utf-8")
    found = re.search(r"^Reviewed: (\d{4}-\d\d-\d\d)\.", text, re.MULTILINE)

    assert found is not None
    assert dt.date.fromisoformat(found[1]) >= dt.date(2026, 11, 1)
