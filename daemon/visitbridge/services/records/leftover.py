"""餘藥 from the records that are on the box (M17): what a patient still has of each medicine, and from where.

The official grouping (分類分組名稱) is not in the public drug files (nhi-domain §7.2). Where a record carries it, it is
used; else the name of the ingredient, else the code, and then the result says that it is approximate.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from visitbridge.domain.records import (
    CLASSIFICATION,
    DAYS,
    DRUG_CODE,
    DRUG_NAME,
    INGREDIENT,
    REFILLED_ON,
    USAGE,
    RecordKind,
)
from visitbridge.domain.remaining_days import Fill, Supply, group_of, is_duplicate, remaining_days, supplies
from visitbridge.domain.roc import parse_roc_date
from visitbridge.errors import FieldInvalid
from visitbridge.ports.consents import KeptRecords
from visitbridge.protocols.datacentre.records import CloudRecord
from visitbridge.protocols.datacentre.uploads import DataSetRow

_LONGEST_DAYS = 366


class FormerFill(msgspec.Struct, frozen=True, kw_only=True):
    institution: str
    fetched_on: dt.date
    days: int


class LeftMedicine(msgspec.Struct, frozen=True, kw_only=True):
    """One medicine of which something is left. ``usable_until``: last day that it covers.

    ``next_fill_on``: from then on more is no duplicate. ``approximate``: grouped without 分類分組名稱.
    """

    group: str
    names: tuple[str, ...]
    codes: tuple[str, ...]
    remaining_days: int
    usable_until: dt.date
    next_fill_on: dt.date
    is_duplicate: bool
    approximate: bool
    fills: tuple[FormerFill, ...]


class Leftover(msgspec.Struct, frozen=True, kw_only=True):
    """``known`` False: there are no records to tell from, which does not mean that nothing is left.

    ``uncounted``: lines whose date or days cannot be read.
    """

    known: bool
    as_of: dt.datetime | None = None
    medicines: tuple[LeftMedicine, ...] = ()
    uncounted: int = 0


class DrugBook(Protocol):
    async def get(self, dataset: str, code: str) -> DataSetRow | None: ...


def leftover(copies: Iterable[KeptRecords], today: dt.date) -> Leftover:
    """What is left today by the newest copy that holds drugs."""
    copy = max((kept for kept in copies if _has_drugs(kept)), key=lambda kept: kept.as_of, default=None)
    if copy is None:
        return Leftover(known=False)
    groups: dict[str, list[tuple[CloudRecord, Fill]]] = defaultdict(list)
    uncounted = 0
    for record in copy.records:
        if record.kind is not RecordKind.DRUGS:
            continue
        fill = _fill(record)
        if fill is None:
            uncounted += 1
        else:
            groups[_group(record)].append((record, fill))
    found = filter(None, (_medicine(group, lines, today) for group, lines in groups.items()))
    medicines = sorted(found, key=lambda medicine: (-medicine.remaining_days, medicine.group))
    return Leftover(known=True, as_of=copy.as_of, medicines=tuple(medicines), uncounted=uncounted)


async def of_code(left: Leftover, code: str, drugs: DrugBook) -> Leftover:
    """Only what is the same medicine as ``code``: the same code, or the same group by the drug data set."""
    row = await drugs.get("drugs", code)
    group = group_of(row.attributes["classification"]) if row and "classification" in row.attributes else ""
    same = tuple(
        medicine
        for medicine in left.medicines
        if code in medicine.codes or (group and medicine.group == group)
    )
    return msgspec.structs.replace(left, medicines=same)


def _has_drugs(kept: KeptRecords) -> bool:
    return RecordKind.DRUGS in kept.kinds


def _group(record: CloudRecord) -> str:
    values = record.values
    if classification := values.get(CLASSIFICATION, ""):
        return group_of(classification)
    return values.get(INGREDIENT, "") or values.get(DRUG_CODE, "")


def _fill(record: CloudRecord) -> Fill | None:
    values = record.values
    refilled_on, days = values.get(REFILLED_ON, ""), values.get(DAYS, "")
    if not (days.isascii() and days.isdecimal() and int(days) <= _LONGEST_DAYS):
        return None
    try:
        fetched_on = parse_roc_date(refilled_on) if refilled_on else record.on
    except FieldInvalid:
        return None
    return Fill(
        fetched_on=fetched_on,
        days=int(days),
        frequency=values.get(USAGE, "").partition(" ")[0],
        institution=record.institution,
    )


def _medicine(group: str, lines: Sequence[tuple[CloudRecord, Fill]], today: dt.date) -> LeftMedicine | None:
    last: Supply | None = max(supplies(fill for _, fill in lines), key=lambda each: each.end_on, default=None)
    if last is None or remaining_days(last, today) == 0:
        return None
    fills = sorted((fill for _, fill in lines), key=lambda fill: fill.fetched_on, reverse=True)
    return LeftMedicine(
        group=group,
        names=_each([record.values.get(DRUG_NAME, "") for record, _ in lines]),
        codes=_each([record.values.get(DRUG_CODE, "") for record, _ in lines]),
        remaining_days=remaining_days(last, today),
        usable_until=last.end_on,
        next_fill_on=last.next_fill_on,
        is_duplicate=is_duplicate(last, today),
        approximate=not any(record.values.get(CLASSIFICATION) for record, _ in lines),
        fills=tuple(
            FormerFill(institution=fill.institution, fetched_on=fill.fetched_on, days=fill.days)
            for fill in fills
        ),
    )


def _each(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, values)))
