"""餘藥 from what was fetched (M17): days, last day, where from; and "unknown" when there is nothing to tell from."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.services.records.fetched import AS_OF, TODAY, copy
from visitbridge.domain.records import RecordKind
from visitbridge.ports.consents import KeptRecords
from visitbridge.protocols.datacentre.records import CloudRecord
from visitbridge.protocols.datacentre.uploads import DataSetRow
from visitbridge.services.records.leftover import FormerFill, Leftover, leftover, of_code


def drug(days_ago: int, days: str = "28", *, place: str = "甲醫院", **values: str) -> CloudRecord:
    return CloudRecord(
        kind=RecordKind.DRUGS,
        on=TODAY - dt.timedelta(days=days_ago),
        institution=place,
        values={
            "藥品健保代碼": "TEST000001",
            "藥品名稱": "示範錠 5 毫克",
            "給藥日數": days,
            "用法用量": "QD PO",
            "分類分組名稱": "示範成分, 錠劑, 5 毫克",
            **values,
        },
    )


def test_M17_names_the_days_and_where_it_came_from() -> None:
    # Fetched on 11-12 for 28 days: until 12-09, sixteen days after today; more from 11-29 on, ten days before that.
    left = leftover([copy(drug(11), drug(40, place="乙診所"))], TODAY)

    (medicine,) = left.medicines
    assert (left.known, left.as_of, left.uncounted) == (True, AS_OF, 0)
    assert (medicine.group, medicine.names, medicine.codes) == (
        "示範成分, 錠劑",
        ("示範錠 5 毫克",),
        ("TEST000001",),
    )
    assert medicine.usable_until == dt.date(2026, 12, 9)
    assert (medicine.remaining_days, medicine.is_duplicate, medicine.approximate) == (16, True, False)
    assert medicine.next_fill_on == dt.date(2026, 11, 29)
    assert medicine.fills == (
        FormerFill(institution="甲醫院", fetched_on=dt.date(2026, 11, 12), days=28),
        FormerFill(institution="乙診所", fetched_on=dt.date(2026, 10, 14), days=28),
    )


def test_M17_early_fetching_adds_up() -> None:
    # The worked example of nhi-domain §7.2, moved: the second fill came six days early.
    (medicine,) = leftover([copy(drug(27, "30"), drug(3, "30"))], TODAY).medicines
    assert medicine.usable_until == TODAY - dt.timedelta(days=27) + dt.timedelta(days=59)


def test_M17_a_refill_counts_from_the_day_it_was_fetched() -> None:
    (medicine,) = leftover([copy(drug(60, 慢連箋領藥日="1151120"))], TODAY).medicines
    assert medicine.usable_until == dt.date(2026, 12, 17)


@pytest.mark.parametrize(
    "record",
    [drug(40), drug(5, "7"), drug(5, 用法用量="PRN PO"), drug(28)],
    ids=["over", "short supply", "as needed", "ended yesterday"],
)
def test_M17_what_is_used_up_or_not_measured_is_not_left(record: CloudRecord) -> None:
    assert leftover([copy(record)], TODAY) == Leftover(known=True, as_of=AS_OF)


@pytest.mark.parametrize(
    "copies",
    [[], [copy(kinds=(RecordKind.TESTS,))]],
    ids=["nothing fetched", "drugs were not consented to"],
)
def test_M17_nothing_to_tell_from_is_not_nothing_left(copies: list[KeptRecords]) -> None:
    assert leftover(copies, TODAY) == Leftover(known=False)


def test_M17_the_newest_copy_counts() -> None:
    left = leftover([copy(drug(1), hours=1), copy(), copy(kinds=(RecordKind.TESTS,), hours=5)], TODAY)
    assert [medicine.remaining_days for medicine in left.medicines] == [26]


@pytest.mark.parametrize(
    "values", [{"給藥日數": "二十八"}, {"給藥日數": ""}, {"給藥日數": "9999"}, {"慢連箋領藥日": "1151340"}]
)
def test_M17_a_line_that_cannot_be_read_is_counted_as_such(values: dict[str, str]) -> None:
    left = leftover([copy(drug(5, **values), drug(5, 分類分組名稱="別的, 錠劑, 1 毫克"))], TODAY)
    assert (left.uncounted, len(left.medicines)) == (1, 1)


def test_M17_without_the_official_grouping_it_is_approximate() -> None:
    by_name = drug(5, 分類分組名稱="", 成分名稱="示範成分")
    by_code = drug(6, 分類分組名稱="", 藥品健保代碼="TEST000009")
    first, second = leftover([copy(by_name, by_code)], TODAY).medicines
    assert (first.group, first.approximate) == ("示範成分", True)
    assert (second.group, second.approximate) == ("TEST000009", True)


class Drugs:
    async def get(self, dataset: str, code: str) -> DataSetRow | None:
        rows = {"TEST000002": {"classification": "示範成分, 錠劑, 10 毫克"}, "TEST000003": {}}
        return DataSetRow(code=code, attributes=rows[code]) if dataset == "drugs" and code in rows else None


@pytest.mark.parametrize(
    ("code", "found"), [("TEST000001", 1), ("TEST000002", 1), ("TEST000003", 0), ("TEST000009", 0)]
)
async def test_M17_another_strength_is_the_same_medicine(code: str, found: int) -> None:
    left = leftover([copy(drug(5))], TODAY)
    assert len((await of_code(left, code, Drugs())).medicines) == found
