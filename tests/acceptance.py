"""``python -m tests.acceptance``: which tests prove which acceptance row, as ``docs/acceptance.md``.

A test proves a row that its name, an id of its parameters, or the first line of its docstring names (``A01`` … ``Y11``).
The tests are read, not run, so that the page is the same on every machine.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROWS_FILE = ROOT / "docs/acceptance-rows.toml"
PAGE = ROOT / "docs/acceptance.md"

_ROW = re.compile(r"(?<![A-Za-z0-9])[A-Z][0-9]{2}(?![A-Za-z0-9])")
_JS_TEST = re.compile(r"""^\s*(?:test|it)\(\s*(["'`])(.+?)\1""", re.M)


def read_rows() -> dict[str, dict[str, str]]:
    """Section → row id → what it is about; ``title`` names the section."""
    return tomllib.loads(ROWS_FILE.read_text("utf-8"))


def named_rows(text: str, known: frozenset[str]) -> set[str]:
    """Rows that a name or sentence mentions; underscores part words."""
    return set(_ROW.findall(text.replace("_", " "))) & known


def proofs(known: frozenset[str]) -> Mapping[str, tuple[str, ...]]:
    """Row → tests that name it, as ``path::name``, sorted."""
    found: dict[str, set[str]] = {}
    for test, text in (*_python_tests(), *_script_tests()):
        for row in named_rows(text, known):
            found.setdefault(row, set()).add(test)
    return {row: tuple(sorted(tests)) for row, tests in found.items()}


def page() -> str:
    """The whole of ``docs/acceptance.md``."""
    sections = read_rows()
    known = frozenset(row for section in sections.values() for row in section if row != "title")
    proven = proofs(known)
    lines = [
        "# Acceptance rows and their tests",
        "",
        "Written by `python -m tests.acceptance` from the names of the tests; do not edit. A row without a test is open, or not for a box to",
        "do: the web pages of the insurer, a phone's own settings.",
        "",
        f"{len(proven)} of {len(known)} rows are named by a test.",
    ]
    for letter, section in sections.items():
        lines += [
            "",
            f"## {letter}. {section['title']}",
            "",
            "| row | about | tests |",
            "| --- | --- | --- |",
        ]
        for row, about in section.items():
            if row != "title":
                tests = "<br>".join(f"`{test}`" for test in proven.get(row, ())) or "open"
                lines.append(f"| {row} | {about} | {tests} |")
    return "\n".join(lines) + "\n"


def _python_tests() -> Iterator[tuple[str, str]]:
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        tree = ast.parse(file.read_text("utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                first_line = (ast.get_docstring(node) or "").partition("\n")[0]
                ids = " ".join(_ids(node))
                yield f"{file.relative_to(ROOT)}::{node.name}", f"{node.name} {first_line} {ids}"


def _ids(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    """Ids written out in ``parametrize``: ``id="…"`` and ``ids=["…"]``."""
    for decorator in function.decorator_list:
        for node in ast.walk(decorator):
            if isinstance(node, ast.keyword) and node.arg in {"id", "ids"}:
                yield from (
                    part.value
                    for part in ast.walk(node.value)
                    if isinstance(part, ast.Constant) and isinstance(part.value, str)
                )


def _script_tests() -> Iterator[tuple[str, str]]:
    for file in sorted((ROOT / "tests").rglob("*.test.js")):
        for _, name in _JS_TEST.findall(file.read_text("utf-8")):
            yield f"{file.relative_to(ROOT)}: {name}", name


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    sys.stdout.write(f"{PAGE.relative_to(ROOT)}: {page().splitlines()[5]}\n")
