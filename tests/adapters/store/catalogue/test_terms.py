"""Any text is a query; any part of a name finds it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.adapters.store.catalogue.lines import DIAGNOSES, write
from visitbridge.adapters.store.catalogue import terms
from visitbridge.adapters.store.catalogue.build import build
from visitbridge.adapters.store.catalogue.index import Index
from visitbridge.ports.records import DataSetRecord
from visitbridge.protocols.datacentre.uploads import DataSetRow
from visitbridge.sim.clock import FakeClock

# Few characters, so that names share pairs and a pair may stand in the wrong place.
NAMES = st.text(alphabet="肺炎性左側，a2", min_size=1, max_size=12)


def index_of(folder: Path, rows: list[DataSetRow]) -> Index:
    info, lines = write(folder, rows)
    record = DataSetRecord(
        name=info.name,
        version=info.version,
        group=info.group,
        rows=info.rows,
        sha256=info.sha256,
        loaded_at=FakeClock().now(),
    )
    target = folder / "built"
    target.unlink(missing_ok=True)
    build(info, lines, record, target)
    return Index(target)


@pytest.fixture(scope="module")
def diagnoses(tmp_path_factory: pytest.TempPathFactory) -> Index:
    return index_of(tmp_path_factory.mktemp("diagnoses"), list(DIAGNOSES))


@given(query=st.text() | st.text(alphabet="\"'*^():-+ANDORNT{}.肺炎ab0 \0", max_size=40))
def test_no_query_raises(diagnoses: Index, query: str) -> None:
    assert len(diagnoses.search(query, preferred=["E11", query], limit=5)) <= 5


def _holds(name: str, part: str) -> bool:
    """The rule itself: the tokens of ``part`` stand in ``name`` one after the other, the last perhaps begun."""
    wanted, found = terms.tokens(part), terms.tokens(name)
    starts = range(len(found) - len(wanted) + 1)
    return any(
        found[at : at + len(wanted) - 1] == wanted[:-1] and found[at + len(wanted) - 1].startswith(wanted[-1])
        for at in starts
    )


@settings(max_examples=60, deadline=None)
@given(
    names=st.lists(NAMES, min_size=1, max_size=20, unique=True),
    part=st.text(alphabet="肺炎性左側", min_size=1, max_size=4),
)
@example(names=["炎性肺炎"], part="肺炎性")
def test_a_chinese_word_finds_exactly_the_names_that_hold_it(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], part: str
) -> None:
    rows = [DataSetRow(code=f"X{at}", name_zh=name) for at, name in enumerate(names)]
    index = index_of(tmp_path_factory.mktemp("names"), rows)
    found = {hit.row.name_zh for hit in index.search(part, preferred=(), limit=1000)}
    index.close()
    assert found == {name for name in names if _holds(name, part)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("，。 -_", []),
        ("肺炎", ["肺", "炎"]),
        ("Type 2 diabetes", ["type", "2", "diabetes"]),
        ("Ｂ型", ["b", "型"]),
        ("Ménière's", ["menieres"]),
        ("臺北", ["台", "北"]),
        ("第1型 第十型", ["第", "一", "型", "第", "十", "型"]),
        ("𠮷野", ["𠮷", "野"]),
        ("ㄅㄆ", ["ㄅ", "ㄆ"]),
    ],
)
def test_tokens(text: str, expected: list[str]) -> None:
    assert terms.tokens(text) == expected


def test_a_query_is_cut_to_a_sane_length() -> None:
    query = terms.parse("肺" * 4000)
    assert query.phrases == (" " + " ".join("肺" * terms.LONGEST_QUERY) + " ",)
