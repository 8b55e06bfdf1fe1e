"""Cloud records: what other places recorded of a patient (rows L02-L04).

The names in ``values`` are those of ``domain.records.SECTIONS``, and a few that stand beside them.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import msgspec
from msgspec import Meta

from visitbridge.domain.records import RecordKind
from visitbridge.protocols.datacentre.common import Problem

LONGEST_BATCH = 50


class RecordsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Body of ``POST /records/query``, with the patient's card at hand; an empty ``kinds`` asks for all.

    The staff token goes into its header. Refused unless this box has read this person's card through a card session
    within the last hour.
    """

    id_no: Annotated[str, Meta(min_length=10, max_length=10)]
    kinds: tuple[RecordKind, ...] = ()


class ConsentedQuery(msgspec.Struct, frozen=True, kw_only=True):
    """One person of a batch. ``consent``: the box's reference of the written consent, kept by the other side with
    what it allowed: ``kinds``, signed on a day, until the end of another (L06).
    """

    id_no: Annotated[str, Meta(min_length=10, max_length=10)]
    kinds: Annotated[tuple[RecordKind, ...], Meta(min_length=1)]
    consent: Annotated[str, Meta(min_length=1, max_length=64)]
    signed_on: dt.date
    until: dt.date


class RecordsBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Body of ``POST /records/batch``: a download before departure, without cards; the staff token in its header."""

    queries: Annotated[tuple[ConsentedQuery, ...], Meta(min_length=1, max_length=LONGEST_BATCH)]


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


class BatchLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one query: its records, or the reason why there are none."""

    consent: str
    records: tuple[CloudRecord, ...] = ()
    problem: Problem | None = None


class BatchAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """In the order of the queries. One refusal does not keep the others from being answered."""

    lines: tuple[BatchLine, ...]
    as_of: dt.datetime
