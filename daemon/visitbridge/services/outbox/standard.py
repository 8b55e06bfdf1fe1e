"""The kinds of job that a visit leads to, registered. A new one is one more entry here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final, Literal, Protocol

import msgspec

from visitbridge.domain.job_states import Path
from visitbridge.domain.jobs import LINK, SAM, TIME, Need, card_need, staff_need
from visitbridge.domain.roc import roc_time
from visitbridge.domain.sequence import number_fits, with_number
from visitbridge.domain.visit import Identification, Sequence, Visit
from visitbridge.errors import FieldInvalid, UploadUnfit
from visitbridge.protocols.datacentre.cards import WriteIntent
from visitbridge.protocols.datacentre.common import CheckFinding, Receipt
from visitbridge.protocols.datacentre.uploads import (
    Eligibility,
    EligibilityRequest,
    Recognition,
    UploadKind,
    VisitUpload,
)
from visitbridge.protocols.ic_upload.check import check_record
from visitbridge.protocols.ic_upload.findings import finding
from visitbridge.protocols.ic_upload.from_visit import build_ic_record
from visitbridge.protocols.ic_upload.record import IcRecord
from visitbridge.protocols.ic_upload.xml import encode as encode_ic
from visitbridge.protocols.ic_upload_2.record import record_2_of
from visitbridge.protocols.ic_upload_2.xml import encode as encode_ic_2
from visitbridge.services.outbox.card_writes import CardWriteHandler, Relay
from visitbridge.services.outbox.conditions import CardFinder, StaffFinder
from visitbridge.services.outbox.kinds import Build, Effect, JobKind, Kinds, Lane
from visitbridge.services.outbox.queries import QueryHandler
from visitbridge.services.outbox.uploads import ReceiptBook, Send, UploadHandler

CHECK_ELIGIBILITY: Final = "check.eligibility"
TAKE_VIRTUAL_NUMBER: Final = "take.virtual_number"
WRITE_VISIT: Final = "card.write_visit"
WRITE_PRESCRIPTION: Final = "card.write_prescription"
UPLOAD_RECOGNITION: Final = "upload.recognition"
UPLOAD_VISIT: Final = "upload.visit"
UPLOAD_IC: Final = "upload.ic"
UPLOAD_DELIVERY: Final = "upload.delivery"

IcFormat = Literal["1.0", "2.0-unverified"]
"""Of the IC-card upload; 2.0 is a profile that nobody has verified (nhi-domain §3.2)."""

AFTER_UPLOADS: Final = 100
"""Added to the position of an optional make-up write, which nothing has to wait for (X4)."""

_ORDER_SIGNATURE = "A79"
_PREVENTIVE = "AC"
"""Its numbers have a form of their own (ICxx), which the table of format 1.0 checks."""
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
            handler=write(build=_visit_intent, purpose="write_visit", part="visit"),
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
            handler=write(build=_prescription_intent, purpose="write_prescription", part="orders"),
            needs=_card_needs,
            ask_needs=_ASK,
            receipt_kind="card_prescription",
            requires=frozenset({WRITE_VISIT}),
        ),
        upload(UPLOAD_RECOGNITION, 40, UploadKind.RECOGNITION, _recognition),
        upload(UPLOAD_VISIT, 50, UploadKind.VISIT, lambda visit, _: _visit_body(visit, sam_id())),
        upload(
            UPLOAD_IC,
            60,
            UploadKind.IC_RECORD,
            lambda visit, receipts: _IC_BODIES[ic_format](visit, receipts, sam_id()),
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
                build=lambda visit, _: _visit_body(visit, sam_id()),
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


def _visit_intent(visit: Visit, key: str) -> bytes:
    return _encode(_intent(visit, key))


def _prescription_intent(visit: Visit, key: str) -> bytes:
    intent = _intent(visit, key)
    return _encode(msgspec.structs.replace(intent, orders=visit.content.orders))


def _intent(visit: Visit, key: str) -> WriteIntent:
    content = visit.content
    return WriteIntent(
        key=key,
        card_no=visit.patient.card_no,
        visit_time=roc_time(visit.visit_at),
        institution=visit.institution.code,
        visit_type=content.claim.visit_type,
        diagnoses=content.diagnoses,
        fee_points=content.fee_points,
        copay_points=content.copay_points,
        make_up=visit.make_up or visit.identification is Identification.CARD_OFFLINE,
        dispensing=content.claim.dispensing,
    )


def _encode(message: msgspec.Struct) -> bytes:
    """Sorted keys: the digest of these bytes is what the data centre computes too."""
    return msgspec.json.encode(message, order="sorted")


def _visit_body(visit: Visit, sam_id: str) -> bytes:
    return _encode(VisitUpload(visit=visit, sam_id=sam_id))


def _ic_body(visit: Visit, receipts: Mapping[str, Receipt], sam_id: str) -> bytes:
    """Raises UploadUnfit for what would be refused anyway, so that it costs no way to the data centre."""
    record = ic_record_of(visit, receipts, sam_id)
    _require_none(ic_findings(visit, record, receipts))
    return encode_ic([record])


def _ic_2_body(visit: Visit, receipts: Mapping[str, Receipt], sam_id: str) -> bytes:
    """Format 2.0, unverified. Raises UploadUnfit, with the field, for what is known to be refused."""
    identifier = _insurer(receipts, UPLOAD_VISIT, "visit_identifier")
    record = record_2_of(ic_record_of(visit, receipts, sam_id), visit, identifier)
    _require_none(_number_findings(visit))
    try:
        return encode_ic_2([record])
    except FieldInvalid as exc:
        field = exc.field or "RECS"
        raise UploadUnfit(exc.detail, field=field, words=field) from exc


_IC_BODIES: Final[Mapping[IcFormat, Callable[[Visit, Mapping[str, Receipt], str], bytes]]] = {
    "1.0": _ic_body,
    "2.0-unverified": _ic_2_body,
}


def ic_record_of(visit: Visit, receipts: Mapping[str, Receipt], sam_id: str) -> IcRecord:
    """The IC upload of a visit as far as it stands: the signatures are the card's, as its receipts brought them; an abnormal
    record has none. Raises FieldInvalid without a diagnosis.
    """
    return build_ic_record(
        visit,
        visit.sequence or _unnumbered(receipts),
        sam_id=sam_id,
        signature=_insurer(receipts, WRITE_VISIT, "signature"),
        order_signatures=order_signatures(receipts),
        make_up=visit.make_up,
    )


def ic_findings(visit: Visit, record: IcRecord, receipts: Mapping[str, Receipt]) -> tuple[CheckFinding, ...]:
    """What the insurer's check would refuse; an order's signature is not missed before its card write."""
    pending = () if WRITE_PRESCRIPTION in receipts else (_ORDER_SIGNATURE,)
    return (*check_record(record, pending=pending), *_number_findings(visit))


def _number_findings(visit: Visit) -> tuple[CheckFinding, ...]:
    """A number that does not belong to the way in which the patient was identified (N09), wherever it came from."""
    if visit.sequence is None or visit.content.claim.visit_type == _PREVENTIVE:
        return ()
    fits = number_fits(visit.sequence.number, visit.identification)
    return () if fits else (finding("AD", "A18"),)


def _require_none(findings: tuple[CheckFinding, ...]) -> None:
    if findings:
        first = findings[0]
        raise UploadUnfit(
            f"{len(findings)} findings, {first.code} first", field=first.field, words=first.words
        )


def order_signatures(receipts: Mapping[str, Receipt]) -> tuple[str, ...]:
    """A79 of each order that was written to the card, in that order."""
    return tuple(filter(None, _insurer(receipts, WRITE_PRESCRIPTION, "order_signatures").split(",")))


def _unnumbered(receipts: Mapping[str, Receipt]) -> Sequence | None:
    """A visit type that takes no number (AH) is a normal record all the same once it is on the card."""
    written = receipts.get(WRITE_VISIT)
    return Sequence(number="", source="card", taken_at=written.accepted_at) if written else None


def _insurer(receipts: Mapping[str, Receipt], kind: str, name: str) -> str:
    receipt = receipts.get(kind)
    return receipt.insurer.get(name, "") if receipt else ""


def _recognition(visit: Visit, _receipts: Mapping[str, Receipt]) -> bytes:
    return _encode(
        Recognition(
            card_no=visit.patient.card_no,
            id_no=visit.patient.id_no,
            recognised_at=visit.visit_at,
            visit_id=visit.visit_id,
            offline=visit.identification is Identification.CARD_OFFLINE,
        )
    )


async def _eligibility(data_centre: Receiver, visit: Visit) -> str:
    request = EligibilityRequest(id_no=visit.patient.id_no, birth_date=visit.patient.birth_date)
    return msgspec.json.encode(await data_centre.eligibility(request)).decode()
