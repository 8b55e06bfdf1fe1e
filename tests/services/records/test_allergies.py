"""過敏藥 from what was fetched: all of it, the newest copy, and "unknown" when there is nothing to tell from."""

from __future__ import annotations

import datetime as dt

from tests.services.records.fetched import AS_OF, TODAY, copy
from visitbridge.domain.records import RecordKind
from visitbridge.protocols.datacentre.records import CloudRecord
from visitbridge.services.records.allergies import Allergies, Allergy, allergies


def line(days_ago: int, kind: RecordKind = RecordKind.ALLERGIES, **values: str) -> CloudRecord:
    return CloudRecord(kind=kind, on=TODAY - dt.timedelta(days=days_ago), institution="甲醫院", values=values)


BOTH = (RecordKind.DRUGS, RecordKind.ALLERGIES)


def test_W05_every_line_of_the_table_the_latest_first_and_nothing_of_others() -> None:
    found = allergies(
        [
            copy(
                line(400, 過敏藥物="示範抗生素", 過敏症狀="皮疹", 嚴重程度="輕度"),
                line(2, RecordKind.DRUGS, 藥品名稱="示範錠"),
                line(30, 過敏藥物="示範顯影劑"),
                kinds=BOTH,
            )
        ]
    )

    assert found == Allergies(
        known=True,
        as_of=AS_OF,
        recorded=(
            Allergy(
                drug="示範顯影劑", symptom="", severity="", on=dt.date(2026, 10, 24), institution="甲醫院"
            ),
            Allergy(
                drug="示範抗生素",
                symptom="皮疹",
                severity="輕度",
                on=dt.date(2025, 10, 19),
                institution="甲醫院",
            ),
        ),
    )


def test_W05_nothing_to_tell_from_is_not_no_allergy() -> None:
    assert not allergies([]).known
    assert not allergies([copy(kinds=(RecordKind.DRUGS,))]).known
    assert allergies([copy(kinds=BOTH)]) == Allergies(known=True, as_of=AS_OF)


def test_W05_a_newer_copy_without_the_table_hides_no_allergy() -> None:
    older = copy(line(400, 過敏藥物="示範抗生素"), kinds=BOTH)
    newer = copy(line(1, RecordKind.DRUGS), kinds=(RecordKind.DRUGS,), hours=2)
    gone = copy(kinds=BOTH, hours=3)

    assert [each.drug for each in allergies([older, newer]).recorded] == ["示範抗生素"]
    assert allergies([gone, older]).recorded == ()
