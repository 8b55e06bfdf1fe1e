"""What a search finds, and in which order."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from visitbridge.adapters.store import SqlCatalogue


async def codes(
    catalogue: SqlCatalogue, query: str, *, preferred: Sequence[str] = (), limit: int = 20
) -> list[str]:
    hits = await catalogue.search("icd10", query, preferred=preferred, limit=limit)
    return [hit.row.code for hit in hits]


@pytest.mark.parametrize("query", ["J06", "j06", " J06 "])
async def test_the_exact_code_goes_first_then_the_codes_it_begins(loaded: SqlCatalogue, query: str) -> None:
    assert await codes(loaded, query) == ["J06", "J06.0", "J06.9"]


@pytest.mark.parametrize("query", ["J06.9", "j069", "J06-9", "j06 9"])
async def test_a_code_is_found_with_and_without_its_dot(loaded: SqlCatalogue, query: str) -> None:
    assert await codes(loaded, query) == ["J06.9"]


async def test_billable_codes_go_before_headings(loaded: SqlCatalogue) -> None:
    assert await codes(loaded, "J0") == ["J06.0", "J06.9", "J06"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("肺", ["J18.9", "B01.2"]),
        ("肺炎", ["J18.9", "B01.2"]),
        ("性肺炎", ["B01.2"]),
        ("炎肺", []),
        ("糖尿病", ["E10.9", "E11.9", "E11"]),
        ("糖尿病 併發症", ["E10.9", "E11.9"]),
        ("病未伴有", ["E10.9", "E11.9"]),
        ("絕無此病", []),
    ],
)
async def test_chinese_is_found_from_one_character_up_as_it_stands(
    loaded: SqlCatalogue, query: str, expected: list[str]
) -> None:
    assert await codes(loaded, query) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("pneumonia", ["J18.9", "B01.2"]),
        ("PNEUM", ["J18.9", "B01.2"]),
        ("type 2 diab", ["E11.9", "E11"]),
        ("hepatitis b", ["B17.0"]),
        ("acute up", ["J06.9", "J06"]),
        ("ac in of he", ["B17.0"]),
        ("a", ["A00.0"]),
        ("meniere", ["H81.0"]),
        ("Ménière’s", ["H81.0"]),
        ("menieres disease", ["H81.0"]),
        ("zzz", []),
    ],
)
async def test_english_is_found_by_the_beginnings_of_words(
    loaded: SqlCatalogue, query: str, expected: list[str]
) -> None:
    assert await codes(loaded, query) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("第2型", ["E11.9", "E11"]),
        ("第２型糖尿", ["E11.9", "E11"]),
        ("B型肝炎", ["B17.0"]),
        ("ｂ型", ["B17.0"]),
        ("01 cholerae霍亂", ["A00.0"]),
        ("型01", ["A00.0"]),
        ("糖尿病 type 1", ["E10.9"]),
        ("陽台", ["W13.0"]),
        ("陽臺", ["W13.0"]),
    ],
)
async def test_mixed_full_width_and_variant_forms(
    loaded: SqlCatalogue, query: str, expected: list[str]
) -> None:
    assert await codes(loaded, query) == expected


async def test_what_the_institution_marked_goes_first(loaded: SqlCatalogue) -> None:
    hits = await loaded.search("icd10", "跌落")
    assert [(hit.row.code, hit.favourite) for hit in hits] == [("W13.0", True), ("W17.8", False)]


async def test_preferred_codes_go_first_among_names_but_not_before_codes(loaded: SqlCatalogue) -> None:
    assert await codes(loaded, "糖尿病", preferred=["E11", "J18.9"]) == ["E11", "E10.9", "E11.9"]
    assert await codes(loaded, "J06", preferred=["J06.9"]) == ["J06", "J06.0", "J06.9"]
    hits = await loaded.search("icd10", "糖尿病", preferred=["E11"])
    assert [hit.favourite for hit in hits] == [True, False, False]


async def test_an_empty_query_lists_favourites_and_then_codes(loaded: SqlCatalogue) -> None:
    assert await codes(loaded, " ", limit=3) == ["W13.0", "A00.0", "B01.2"]
    assert await codes(loaded, "", preferred=["J18.9"], limit=3) == ["J18.9", "W13.0", "A00.0"]


@pytest.mark.parametrize(("limit", "expected"), [(-1, 0), (0, 0), (1, 1), (2, 2), (10**6, 3)])
async def test_the_limit_holds(loaded: SqlCatalogue, limit: int, expected: int) -> None:
    assert len(await codes(loaded, "J06", limit=limit)) == expected


async def test_a_set_that_is_not_loaded_has_no_hits(loaded: SqlCatalogue) -> None:
    assert await loaded.search("drugs", "肺") == ()
    assert await loaded.get("drugs", "J06.9") is None


@pytest.mark.parametrize(("code", "found"), [("J06.9", True), ("J069", False), ("j06.9", False), ("", False)])
async def test_get_wants_the_code_as_it_is_written(loaded: SqlCatalogue, code: str, found: bool) -> None:
    row = await loaded.get("icd10", code)
    assert (row is not None) is found


async def test_a_row_comes_back_whole(loaded: SqlCatalogue) -> None:
    row = await loaded.get("icd10", "W13.0")
    assert row is not None
    assert (row.name_zh, row.name_en, row.billable) == ("從陽臺跌落", "Fall from balcony", True)
    assert row.attributes == {"favourite": "1"}
