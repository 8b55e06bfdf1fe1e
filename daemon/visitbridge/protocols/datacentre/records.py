"""Cloud records: what other places recorded of a patient (rows L02-L04).

The field names of ``values`` are those of the published tables' columns (features L02, L04; nhi-domain §7.1).
"""

from __future__ import annotations

import datetime as dt
import enum
from typing import Annotated

import msgspec
from msgspec import Meta


class RecordKind(enum.StrEnum):
    """Tables of a query: 雲端藥歷, 檢查檢驗紀錄, 過敏藥."""

    DRUGS = "drugs"
    TESTS = "tests"
    ALLERGIES = "allergies"


class RecordsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Body of ``POST /records/query``; an empty ``kinds`` asks for all.

    The staff token goes into its header. ``consent``: reference of the patient's consent, required when the card is
    not at hand (L06).
    """

    id_no: Annotated[str, Meta(min_length=10, max_length=10)]
    kinds: tuple[RecordKind, ...] = ()
    consent: str = ""


class CloudRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a table. ``on``: visit or execution date. ``institution``: name of the place it comes from."""

    kind: RecordKind
    on: dt.date
    institution: str
    values: dict[str, str]


class RecordsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """``as_of``: data reach the cloud one to two days late (W06), so a time always stands beside them."""

    records: tuple[CloudRecord, ...]
    as_of: dt.datetime
