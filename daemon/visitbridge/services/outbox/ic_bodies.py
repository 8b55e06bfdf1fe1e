"""The upload of a visit's IC record, in each format that the box can speak, and what would be refused in it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Final, Literal

from visitbridge.domain.sequence import number_fits, offline_sequence
from visitbridge.domain.visit import Identification, Sequence, Visit
from visitbridge.errors import FieldInvalid, UploadUnfit
from visitbridge.protocols.datacentre.common import CheckFinding, Receipt
from visitbridge.protocols.ic_upload.check import check_record
from visitbridge.protocols.ic_upload.findings import finding
from visitbridge.protocols.ic_upload.from_visit import build_ic_record
from visitbridge.protocols.ic_upload.record import IcRecord
from visitbridge.protocols.ic_upload.xml import encode as encode_ic
from visitbridge.protocols.ic_upload_2.record import record_2_of
from visitbridge.protocols.ic_upload_2.xml import encode as encode_ic_2
from visitbridge.services.outbox.names import UPLOAD_VISIT, WRITE_PRESCRIPTION, WRITE_VISIT

IcFormat = Literal["1.0", "2.0-unverified"]
"""Of the IC-card upload; 2.0 is a profile that nobody has verified (nhi-domain §3.2)."""

_NUMBER = "A18"
_CARD_SIGNATURE = "A22"
_ORDER_SIGNATURE = "A79"
_PREVENTIVE = "AC"
"""Its numbers have a form of their own (ICxx), which the table of format 1.0 checks."""


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


IC_BODIES: Final[Mapping[IcFormat, Callable[[Visit, Mapping[str, Receipt], str], bytes]]] = {
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


def ic_findings(
    visit: Visit, record: IcRecord, receipts: Mapping[str, Receipt], *, awaited: Collection[str] = ()
) -> tuple[CheckFinding, ...]:
    """What the insurer's check would refuse; an order's signature is not missed before its card write, nor is any
    element that is ``awaited``.
    """
    pending = awaited if WRITE_PRESCRIPTION in receipts else (*awaited, _ORDER_SIGNATURE)
    return (*check_record(record, pending=pending), *_number_findings(visit))


def foreseen_findings(visit: Visit, receipts: Mapping[str, Receipt], sam_id: str) -> tuple[CheckFinding, ...]:
    """The same for a visit as it stands now: what card or data centre have yet to bring is neither missed nor taken for
    an abnormal record. Raises FieldInvalid without a diagnosis.
    """
    if visit.sequence is not None or WRITE_VISIT in receipts:
        return ic_findings(visit, ic_record_of(visit, receipts, sam_id), receipts)
    expected, awaited = _expected(visit)
    record = build_ic_record(visit, expected, sam_id=sam_id, make_up=visit.make_up)
    return ic_findings(visit, record, receipts, awaited=awaited)


def _expected(visit: Visit) -> tuple[Sequence | None, Collection[str]]:
    """The number that a visit without one will have, as far as it is known, and the elements that come with it."""
    match visit.identification:
        case Identification.CARD | Identification.NO_CARD:
            by_card = Sequence(number="", source="card", taken_at=visit.visit_at)
            return by_card, (_NUMBER, _CARD_SIGNATURE)
        case Identification.CARD_OFFLINE:
            return offline_sequence(visit.visit_at), ()
        case Identification.VIRTUAL_CARD | Identification.PHOTO:
            return None, (_NUMBER,)
        case Identification.ABNORMAL:
            return None, ()


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
