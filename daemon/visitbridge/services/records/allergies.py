"""過敏藥 from the records that are on the box, for whoever is about to prescribe: what is not known is never called none.

The names are the insurer's, often a group or an ingredient; nothing here decides whether a medicine is among them. All of
them are for a person to read.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import msgspec

from visitbridge.domain.records import ALLERGEN, SEVERITY, SYMPTOM, RecordKind
from visitbridge.ports.consents import KeptRecords


class Allergy(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody is not to be given. Words may be empty, as they came. ``on``: the day on which it was reported."""

    drug: str
    symptom: str
    severity: str
    on: dt.date
    institution: str


class Allergies(msgspec.Struct, frozen=True, kw_only=True):
    """``known`` False: no copy on the box says anything about allergies, which does not mean that there are none."""

    known: bool
    as_of: dt.datetime | None = None
    recorded: tuple[Allergy, ...] = ()


def allergies(copies: Iterable[KeptRecords]) -> Allergies:
    """What the newest copy with that table says, the latest report first."""
    copy = max(
        (kept for kept in copies if RecordKind.ALLERGIES in kept.kinds),
        key=lambda kept: kept.as_of,
        default=None,
    )
    if copy is None:
        return Allergies(known=False)
    lines = (record for record in copy.records if record.kind is RecordKind.ALLERGIES)
    return Allergies(
        known=True,
        as_of=copy.as_of,
        recorded=tuple(
            Allergy(
                drug=record.values.get(ALLERGEN, ""),
                symptom=record.values.get(SYMPTOM, ""),
                severity=record.values.get(SEVERITY, ""),
                on=record.on,
                institution=record.institution,
            )
            for record in sorted(lines, key=lambda record: record.on, reverse=True)
        ),
    )
