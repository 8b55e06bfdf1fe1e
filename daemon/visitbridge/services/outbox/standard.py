"""The kinds of job that a visit leads to, registered. A new one is one more entry here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Literal, Protocol

import msgspec

from visitbridge.domain.job_states import Path
from visitbridge.domain.jobs import LINK, SAM, TIME, Need, card_need, staff_need
from visitbridge.domain.sequence import with_number
from visitbridge.domain.visit import Visit
from visitbridge.protocols.datacentre.common import Receipt
from visitbridge.protocols.datacentre.uploads import Eligibility, EligibilityRequest, UploadKind
from visitbridge.services.outbox.bodies import prescription_intent, recognition, visit_body, visit_intent
from visitbridge.services.outbox.card_writes import CardWriteHandler, Relay
from visitbridge.services.outbox.conditions import CardFinder, StaffFinder
from visitbridge.services.outbox.ic_bodies import IC_BODIES, IcFormat
from visitbridge.services.outbox.kinds import Build, Effect, JobKind, Kinds, Lane
from visitbridge.services.outbox.names import (
    CHECK_ELIGIBILITY,
    TAKE_VIRTUAL_NUMBER,
    UPLOAD_DELIVERY,
    UPLOAD_IC,
    UPLOAD_RECOGNITION,
    UPLOAD_VISIT,
    WRITE_PRESCRIPTION,
    WRITE_VISIT,
)
from visitbridge.services.outbox.queries import QueryHandler
from visitbridge.services.outbox.uploads import ReceiptBook, Send, UploadHandler

_SEND = (LINK, SAM)
_ASK = (LINK,)
_NUMBER = frozenset({WRITE_VISIT, TAKE_VIRTUAL_NUMBER})


class Receiver(ReceiptBook, Protocol):
    """The part of ``ports.DataCentre`` that these kinds use."""

    async def send(self, kind: UploadKind, key: str, body: bytes) -> Receipt: ...

    async def eligibility(self, request: EligibilityRequest) -> Eligibility: ...


def standard_kinds(
    *,
    data_centre: Receiver,
    relay: Relay,
    cards: CardFinder,
    staff: StaffFinder,
    holds: Callable[[Need], bool],
    sam_id: Callable[[], str],
    take_number: Send | None = None,
    ic_format: IcFormat = "1.0",
) -> Kinds:
    """``take_number`` sends the request for a V or M number; without it that kind is not registered.

    The stand-in's protocol has no such call yet, so visits that need one cannot be finished on this box.
    """
    upload = partial(_upload, data_centre)
    write = partial(CardWriteHandler, data_centre, relay, cards, staff, holds)
    kinds = [
        JobKind(
            name=CHECK_ELIGIBILITY,
            position=0,
            path=Path.QUERY,
            lane=Lane.LINK,
            handler=QueryHandler(lambda visit: _eligibility(data_centre, visit)),
            needs=_link_needs,
            ask_needs=_ASK,
        ),
        JobKind(
            name=WRITE_VISIT,
            position=20,
            path=Path.CARD,
            lane=Lane.CARD,
            handler=write(build=visit_intent, purpose="write_visit", part="visit"),
            needs=_card_needs,
            ask_needs=_ASK,
            receipt_kind="card_visit",
            effect=_number_from("card"),
        ),
        JobKind(
            name=WRITE_PRESCRIPTION,
            position=30,
            path=Path.CARD,
            lane=Lane.CARD,
            handler=write(build=prescription_intent, purpose="write_prescription", part="orders"),
            needs=_card_needs,
            ask_needs=_ASK,
            receipt_kind="card_prescription",
            requires=frozenset({WRITE_VISIT}),
        ),
        upload(UPLOAD_RECOGNITION, 40, UploadKind.RECOGNITION, recognition),
        upload(UPLOAD_VISIT, 50, UploadKind.VISIT, lambda visit, _: visit_body(visit, sam_id())),
        upload(
            UPLOAD_IC,
            60,
            UploadKind.IC_RECORD,
            lambda visit, receipts: IC_BODIES[ic_format](visit, receipts, sam_id()),
        ),
        upload(UPLOAD_DELIVERY, 70, UploadKind.DELIVERY, None),
    ]
    if take_number is not None:
        kinds.append(
            JobKind(
                name=TAKE_VIRTUAL_NUMBER,
                position=10,
                path=Path.UPLOAD,
                lane=Lane.LINK,
                handler=UploadHandler(data_centre, take_number),
                build=lambda visit, _: visit_body(visit, sam_id()),
                needs=_number_needs,
                ask_needs=_ASK,
                receipt_kind="number",
                effect=_number_from("data_centre"),
            )
        )
    return Kinds(kinds)


def _upload(
    data_centre: Receiver,
    name: str,
    position: int,
    kind: UploadKind,
    build: Build | None,
) -> JobKind:
    def send(key: str, body: bytes) -> Awaitable[Receipt]:
        return data_centre.send(kind, key, body)

    return JobKind(
        name=name,
        position=position,
        path=Path.UPLOAD,
        lane=Lane.LINK,
        handler=UploadHandler(data_centre, send),
        build=build,
        needs=_upload_needs,
        ask_needs=_ASK,
        receipt_kind=kind.value,
        requires=_NUMBER,
    )


def _link_needs(_visit: Visit) -> tuple[Need, ...]:
    return _SEND


def _number_needs(_visit: Visit) -> tuple[Need, ...]:
    """Numbers are bound to trusted time."""
    return (TIME, *_SEND)


def _upload_needs(visit: Visit) -> tuple[Need, ...]:
    """A visit time from an untrusted clock does not leave the box before the clock is set (Y10)."""
    return _SEND if visit.clock_trusted else (TIME, *_SEND)


def _card_needs(visit: Visit) -> tuple[Need, ...]:
    """The session is bound to the person who signs, the card to its patient."""
    return (*_number_needs(visit), staff_need(visit.practitioner.staff_id), card_need(visit.patient.card_no))


def _number_from(source: Literal["card", "data_centre"]) -> Effect:
    def take(visit: Visit, receipt: Receipt, now: dt.datetime) -> Visit | None:
        return with_number(visit, receipt.insurer.get("sequence_no", ""), source, now)

    return take


async def _eligibility(data_centre: Receiver, visit: Visit) -> str:
    request = EligibilityRequest(id_no=visit.patient.id_no, birth_date=visit.patient.birth_date)
    return msgspec.json.encode(await data_centre.eligibility(request)).decode()
