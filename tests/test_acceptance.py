"""The page that says which test proves which acceptance row is the one that the tests give."""

from __future__ import annotations

import re

import pytest

from tests.acceptance import PAGE, named_rows, page, proofs, read_rows

KNOWN = frozenset({"H11", "M13", "N01"})


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == page(), "python -m tests.acceptance"


def test_every_row_has_an_id_of_its_section() -> None:
    assert all(
        re.fullmatch(rf"{letter}\d\d|title", row)
        for letter, section in read_rows().items()
        for row in section
    )


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("test_M13_an_order_is_computed", {"M13"}),
        ("test_an_order_is_computed", set()),
        ("The four modes (N01), and H11.", {"N01", "H11"}),
        ("H110 and XH11 and A99", set()),
    ],
)
def test_a_row_is_named_as_a_word(text: str, rows: set[str]) -> None:
    assert named_rows(text, KNOWN) == rows


def test_tests_are_found_in_every_language_they_are_written_in() -> None:
    known = frozenset(row for section in read_rows().values() for row in section if row != "title")
    tests = [test for found in proofs(known).values() for test in found]

    assert all(test.startswith("tests/") for test in tests)
    assert "test_acceptance.py" not in "".join(tests)
