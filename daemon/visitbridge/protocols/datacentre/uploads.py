"""Uploads, data sets, records, eligibility (rows N07-N12, B13, I03, L02-L06)."""

from __future__ import annotations

import datetime as dt
import enum
from typing import Annotated

import msgspec
from msgspec import Meta

from visitbridge.domain.visit import Visit
from visitbridge.protocols.datacentre.common import CheckFinding


class UploadKind(enum.StrEnum):
    """Kinds of ``POST`` that end in a receipt; the value is also the receipt's ``kind``."""

    VISIT = "visit"
    IC_RECORD = "ic_record"
    RECOGNITION = "recognition"
    DELIVERY = "delivery"

    @property
    def path(self) -> str:
        return {
            UploadKind.VISIT: "/visits",
            UploadKind.IC_RECORD: "/ic-records",
            UploadKind.RECOGNITION: "/recognitions",
            UploadKind.DELIVERY: "/deliveries",
        }[self]

    @property
    def content_type(self) -> str:
        return "application/xml" if self is UploadKind.IC_RECORD else "application/json"


class VisitUpload(msgspec.Struct, frozen=True, kw_only=True):
    """Body of ``POST /visits``: the whole visit, and the number it was given."""

    visit: Visit
    sam_id: str


class Recognition(msgspec.Struct, frozen=True, kw_only=True):
    """Body of ``POST /recognitions``: 認卡結果 (N08), that a card was seen offline at this time."""

    card_no: str
    id_no: str
    recognised_at: dt.datetime
    visit_id: str
    offline: bool


class PrecheckAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of the pre-check variants: what an upload of this body would be refused for, if anything."""

    checks: tuple[CheckFinding, ...]


Label = Annotated[str, Meta(pattern=r"^[^/\\\x00-\x1f\x7f]{1,40}$")]
"""A name that may also be part of a file's name."""

LARGEST_DATASET_BYTES = 256 * 1024 * 1024
"""Of the published tables, the largest has 13 MB."""


class DataSetInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the manifest (B13). ``sha256`` in hex over the file's bytes; ``version`` sorts by time."""

    name: Label
    version: Label
    rows: Annotated[int, Meta(ge=0)]
    size_bytes: Annotated[int, Meta(ge=0, le=LARGEST_DATASET_BYTES)]
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
    group: Label


class DataSetManifest(msgspec.Struct, frozen=True, kw_only=True):
    """``group``: the one that this box uses, whose own sets come before the default ones; ``groups``: all that it may choose
    from, by name. Empty where the data centre tells neither.
    """

    datasets: tuple[DataSetInfo, ...]
    group: str = ""
    groups: tuple[str, ...] = ()


class GroupChoice(msgspec.Struct, frozen=True, kw_only=True):
    """Body of ``POST /device/dataset-group`` (S02)."""

    group: Annotated[str, Meta(min_length=1, max_length=40)]


class DataSetRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a data-set file (JSON lines, UTF-8). ``billable`` is false for headings."""

    code: Annotated[str, Meta(min_length=1, max_length=20)]
    name_zh: str = ""
    name_en: str = ""
    billable: bool = True
    attributes: dict[str, str] = {}


class EligibilityRequest(msgspec.Struct, frozen=True, kw_only=True):
    id_no: str
    birth_date: dt.date


class Eligibility(msgspec.Struct, frozen=True, kw_only=True):
    """I03: insured today, and on the home-care list of this institution."""

    insured: bool
    on_home_care_list: bool
    checked_at: dt.datetime
