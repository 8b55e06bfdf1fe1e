"""Medical records: fetched before departure, read from there, or asked for with the card at hand (L01-L07, M17)."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import msgspec
from msgspec import Meta

from visitbridge.api.resources.consents import actor_on
from visitbridge.api.resources.visits import Turns
from visitbridge.api.routes import AnyRoute, Call, NoQuery, Route, signed_in
from visitbridge.domain.people import Right
from visitbridge.domain.records import SECTIONS, RecordKind
from visitbridge.ports.consents import KeptRecords
from visitbridge.protocols.datacentre.records import LONGEST_BATCH, CloudRecord
from visitbridge.services.records.allergies import Allergies
from visitbridge.services.records.copies import Fetched, RecordKeeper
from visitbridge.services.records.leftover import Leftover
from visitbridge.services.records.reading import RecordReader
from visitbridge.services.visits.starting import SignedIn


class FetchRecords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    consent_ids: Annotated[tuple[str, ...], Meta(min_length=1, max_length=LONGEST_BATCH)]


class AskRecords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Empty: every table."""

    kinds: Annotated[tuple[RecordKind, ...], Meta(max_length=len(RecordKind))] = ()


class DrugQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``code``: only what is the same medicine."""

    code: Annotated[str, Meta(max_length=20)] = ""


class RecordRow(msgspec.Struct, frozen=True, kw_only=True):
    """``values`` by column name; names that are in no column stand after the columns."""

    on: dt.date
    institution: str
    values: dict[str, str]


class RecordTable(msgspec.Struct, frozen=True, kw_only=True):
    """``columns`` in their order: first those of the published table, then what rows have besides. ``keys``: the columns that
    say the most, for where there is no room for a table.
    """

    kind: RecordKind
    columns: tuple[str, ...]
    keys: tuple[str, ...]
    rows: tuple[RecordRow, ...]


class RecordsView(msgspec.Struct, frozen=True, kw_only=True):
    """``as_of``: the data centre's time. ``fetched_at``: when they came to the box before departure; None when they were
    asked for just now. ``until``: last moment before which they may be read here.
    """

    as_of: dt.datetime
    fetched_at: dt.datetime | None
    until: dt.datetime | None
    tables: tuple[RecordTable, ...]


class Records:
    def __init__(self, keeper: RecordKeeper, reader: RecordReader, staff: SignedIn, turns: Turns) -> None:
        self._turns = turns
        self._keeper = keeper
        self._reader = reader
        self._staff = staff

    def routes(self) -> list[AnyRoute]:
        return [
            Route(
                method="POST",
                path="/api/records/fetch",
                summary="Download what consents allow, before departure",
                access=signed_in(Right.VISITS),
                handler=self._fetch,
                body=FetchRecords,
                answer=tuple[Fetched, ...],
            ),
            Route(
                method="GET",
                path="/api/consents/{consent_id}/records",
                summary="Records that were downloaded under a consent",
                access=signed_in(Right.VISITS),
                handler=self._of_consent,
                answer=RecordsView,
            ),
            Route(
                method="GET",
                path="/api/visits/{visit_id}/records",
                summary="Downloaded records of the patient of a visit",
                access=signed_in(Right.VISITS),
                handler=self._of_visit,
                answer=RecordsView,
            ),
            Route(
                method="GET",
                path="/api/visits/{visit_id}/leftover",
                summary="What the patient of a visit still has of each medicine, by the downloaded records",
                access=signed_in(Right.VISITS),
                handler=self._leftover,
                query=DrugQuery,
                answer=Leftover,
            ),
            Route(
                method="GET",
                path="/api/visits/{visit_id}/allergies",
                summary="What the patient of a visit must not be given, by the downloaded records",
                access=signed_in(Right.VISITS),
                handler=self._allergies,
                answer=Allergies,
            ),
            Route(
                method="POST",
                path="/api/readers/{reader_id}/records",
                summary="Records of whose card is in the reader, asked for now",
                access=signed_in(Right.VISITS),
                handler=self._with_card,
                body=AskRecords,
                answer=RecordsView,
            ),
        ]

    async def _fetch(self, call: Call[NoQuery, FetchRecords]) -> tuple[Fetched, ...]:
        session = self._reader.session_of(call.phone_id)
        return await self._keeper.fetch(call.body.consent_ids, session, call.phone_id)

    async def _of_consent(self, call: Call[NoQuery, None]) -> RecordsView:
        return _kept(await self._keeper.read(call.path["consent_id"], actor_on(self._staff, call.phone_id)))

    async def _of_visit(self, call: Call[NoQuery, None]) -> RecordsView:
        actor = actor_on(self._staff, call.phone_id)
        return _kept(await self._reader.of_visit(call.path["visit_id"], actor))

    async def _leftover(self, call: Call[DrugQuery, None]) -> Leftover:
        return await self._reader.leftover(call.path["visit_id"], call.query.code)

    async def _allergies(self, call: Call[NoQuery, None]) -> Allergies:
        return await self._reader.allergies(call.path["visit_id"])

    async def _with_card(self, call: Call[NoQuery, AskRecords]) -> RecordsView:
        reader_id = call.path["reader_id"]
        self._turns.use(reader_id, call.known_phone)
        answer = await self._reader.with_card(reader_id, call.body.kinds, call.phone_id)
        kinds = call.body.kinds or tuple(RecordKind)
        return RecordsView(
            as_of=answer.as_of, fetched_at=None, until=None, tables=_tables(kinds, answer.records)
        )


def _kept(kept: KeptRecords) -> RecordsView:
    return RecordsView(
        as_of=kept.as_of,
        fetched_at=kept.fetched_at,
        until=kept.purge_at,
        tables=_tables(kept.kinds, kept.records),
    )


def _tables(kinds: tuple[RecordKind, ...], records: tuple[CloudRecord, ...]) -> tuple[RecordTable, ...]:
    return tuple(_table(kind, [record for record in records if record.kind is kind]) for kind in kinds)


def _table(kind: RecordKind, records: list[CloudRecord]) -> RecordTable:
    besides = dict.fromkeys(name for record in records for name in record.values)
    return RecordTable(
        kind=kind,
        columns=tuple(dict.fromkeys((*SECTIONS[kind].columns, *besides))),
        keys=SECTIONS[kind].keys,
        rows=tuple(
            RecordRow(on=record.on, institution=record.institution, values=record.values)
            for record in records
        ),
    )
