"""The design page and the style sheets say the same, and nothing is drawn outside the tokens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.webui.fake_box import WEBUI

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "design.md").read_text("utf-8")
TOKENS = (WEBUI / "css" / "tokens.css").read_text("utf-8")
DRAWN = "".join((WEBUI / "css" / name).read_text("utf-8") for name in ("base.css", "components.css"))
SCRIPTS = "".join(file.read_text("utf-8") for file in WEBUI.glob("[cv]*/*.js"))
_VALUE = re.compile(r"(--[\w-]+): (#[0-9a-f]{6}|[\d.]+rem);")
_LIGHT, _, _REST = TOKENS.partition(":root[data-letters")
_DARK = _REST.partition("prefers-color-scheme: dark")[2]


def rows(title: str) -> list[list[str]]:
    """Cells of the page's table under a heading, without their backticks."""
    body = PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]
    lines = [line for line in body.splitlines() if line.startswith("| `")]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]


def test_the_type_scale_is_the_one_of_the_style_sheet() -> None:
    said = {token: f"{size}rem" for token, size, _ in rows("Type")}

    assert said == {token: value for token, value in _VALUE.findall(_LIGHT) if value.endswith("rem")}


def test_the_colours_are_those_of_the_style_sheet_in_both_schemes() -> None:
    light = {token: value for token, value in _VALUE.findall(_LIGHT) if value.startswith("#")}
    dark = light | {token: value for token, value in _VALUE.findall(_DARK) if value.startswith("#")}

    assert {token: value for token, value, _, _ in rows("Colour")} == light
    assert {token: value for token, _, value, _ in rows("Colour")} == dark


@pytest.mark.parametrize(("name", "part"), [(name, part) for name, _, part in rows("Components")])
def test_a_component_is_drawn_and_made_where_the_page_says(name: str, part: str) -> None:
    assert re.search(rf"^{re.escape(name)}\b[^{{}};]*\{{", DRAWN, re.MULTILINE)
    for function in part.replace("`", "").split(", "):
        assert re.search(rf"function {function}\(", SCRIPTS)


def test_there_are_eight_components() -> None:
    assert len(rows("Components")) == 8


@pytest.mark.parametrize(
    "literal",
    [
        r"#[0-9a-fA-F]{3,8}\b",
        r"rgba?\(",
        r"hsla?\(",
        r"font-size: [\d.]+(?:px|rem)",
        r"font-weight: (?!400|600)",
    ],
)
def test_nothing_is_drawn_outside_the_tokens(literal: str) -> None:
    rules = re.sub(r"/\*.*?\*/", "", DRAWN, flags=re.DOTALL)

    assert re.findall(literal, rules) == []


def test_distances_are_steps_half_steps_or_hairlines() -> None:
    distances = re.findall(r"(?:margin|padding|gap)[a-z-]*: ([^;]+);", DRAWN)
    pixels = {int(px) for value in distances for px in re.findall(r"(?<![\w.])(\d+)px", value)}

    assert {px for px in pixels if px > 6 and px % 4} == set()


def test_every_colour_and_size_that_is_drawn_has_its_token() -> None:
    used = set(re.findall(r"var\((--[\w-]+)", DRAWN))

    assert used - set(re.findall(r"(--[\w-]+):", TOKENS + DRAWN)) == set()
