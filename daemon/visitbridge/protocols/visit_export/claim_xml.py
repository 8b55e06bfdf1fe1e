"""A draft of the outpatient claim (門診申報 XML) for the clinic's own system (nhi-domain §5).

Certainty B: read from programs that make it; the official description was not at hand. Fields that only the clinic knows (serial number,
totals of the month over all its systems) are for its system to fill in or correct: this is a draft.
"""

from __future__ import annotations

import datetime as dt
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from visitbridge.domain.amounts import order_points
from visitbridge.domain.home_fees import HOME_FEES
from visitbridge.domain.roc import TAIPEI, roc_date, roc_time
from visitbridge.domain.visit import Order, OrderKind, Visit
from visitbridge.domain.visit_time import stay_of
from visitbridge.errors import FieldInvalid
from visitbridge.protocols.visit_export.transcript import Substitutes, Transcript, to_big5

OUTPATIENT: Final = "10"
_BY_MEDIA, _ORIGINAL = "2", "1"
_REMOTE: Final = "04"
_DECLARATION = b'<?xml version="1.0" encoding="Big5"?>\n'
_ORDER_TYPES: Final[Mapping[OrderKind, str]] = {
    OrderKind.DRUG: "1",
    OrderKind.SERVICE: "2",
    OrderKind.TEST: "2",
    OrderKind.MATERIAL: "3",
}
_DIAGNOSES = ("d19", "d20", "d21", "d22", "d23")
_SPECIAL_ITEMS = ("d4", "d5", "d6", "d7")
_POINTS: Final[Mapping[str, tuple[OrderKind, ...]]] = {
    "d32": (OrderKind.DRUG,),
    "d33": (OrderKind.SERVICE, OrderKind.TEST),
    "d34": (OrderKind.MATERIAL,),
}
_VISIT_FEES: Final = frozenset(fee.code for fee in HOME_FEES)
_EMERGENCY: Final = "ECE"
REQUIRED: Final = ("d3", "d8", "d9", "d11", "d14", "d15", "d19", "d28", "d30", "d39", "d40", "d41", "d49")


class ClaimCase(msgspec.Struct, frozen=True, kw_only=True):
    """One ``ddata``: tag → value, in the order of the tags' numbers."""

    head: dict[str, str]
    body: dict[str, str]
    lines: tuple[dict[str, str], ...]


class ClaimFile(msgspec.Struct, frozen=True, kw_only=True):
    """``totals``: ``tdata``."""

    totals: dict[str, str]
    cases: tuple[ClaimCase, ...]


def claim_of(visits: Sequence[Transcript], chosen: Substitutes) -> ClaimFile:
    """One claim over visits of one institution and one month.

    Raises NotInBig5, and FieldInvalid (``visits``, ``content.diagnoses``) for none, several institutions or months, or no diagnosis.
    """
    owners = {(found.visit.institution.code, _month(found.visit)) for found in visits}
    if len(owners) != 1:
        raise FieldInvalid("visits of one institution and one month make a claim", field="visits")
    ((institution, month),) = owners
    cases = tuple(_case(number, found.visit, chosen) for number, found in enumerate(visits, start=1))
    days = sorted(roc_date(found.visit.visit_at.astimezone(TAIPEI).date()) for found in visits)
    points = sum(int(case.body["d39"]) for case in cases)
    copay = sum(int(case.body["d40"]) for case in cases)
    totals = {
        "t1": OUTPATIENT,
        "t2": institution,
        "t3": month,
        "t4": _BY_MEDIA,
        "t5": _ORIGINAL,
        "t6": days[-1],
        "t37": str(len(cases)),
        "t38": str(points),
        "t39": str(sum(case.body["d40"] != "0" for case in cases)),
        "t40": str(copay),
        "t41": days[0],
        "t42": days[-1],
    }
    return ClaimFile(totals=totals, cases=cases)


def encode(claim: ClaimFile) -> bytes:
    """XML in Big5: ``outpatient > tdata, ddata* > dhead, dbody > pdata*``. Raises FieldInvalid as :func:`check`."""
    check(claim)
    root = ET.Element("outpatient")
    _add(ET.SubElement(root, "tdata"), claim.totals)
    for case in claim.cases:
        data = ET.SubElement(root, "ddata")
        _add(ET.SubElement(data, "dhead"), case.head)
        body = ET.SubElement(data, "dbody")
        _add(body, case.body)
        for line in case.lines:
            _add(ET.SubElement(body, "pdata"), line)
    return _DECLARATION + ET.tostring(root, encoding="unicode").encode("big5")


def decode(data: bytes) -> ClaimFile:
    """Inverse of :func:`encode`. Raises FieldInvalid (``outpatient``), or as :func:`check`."""
    try:
        text = data.decode("big5")
        if "<!" in text:
            raise FieldInvalid("a document type or comment has no place here", field="outpatient")
        root = ET.fromstring(re.sub(r"\A<\?xml[^>]*\?>", "", text))  # noqa: S314 - no DTD got here
    except (UnicodeDecodeError, ET.ParseError) as exc:
        raise FieldInvalid("not well-formed Big5 XML", field="outpatient") from exc
    totals = root.find("tdata")
    if root.tag != "outpatient" or totals is None:
        raise FieldInvalid("not an outpatient claim", field="outpatient")
    claim = ClaimFile(totals=_values(totals), cases=tuple(map(_read_case, root.iterfind("ddata"))))
    check(claim)
    return claim


def check(claim: ClaimFile) -> None:
    """Required fields are there, order numbers run on, sums agree. Raises FieldInvalid naming the field."""
    for number, case in enumerate(claim.cases):
        for tag in REQUIRED:
            if not case.body.get(tag):
                raise FieldInvalid("is missing", field=f"ddata[{number}].{tag}")
        if int(case.body["d41"]) != int(case.body["d39"]) - int(case.body["d40"]):
            raise FieldInvalid("is not the total less the copayment", field=f"ddata[{number}].d41")
        if [line["p13"] for line in case.lines] != [
            f"{place:03d}" for place in range(1, len(case.lines) + 1)
        ]:
            raise FieldInvalid("does not run on", field=f"ddata[{number}].p13")
    sums = {
        "t37": len(claim.cases),
        "t38": sum(int(case.body["d39"]) for case in claim.cases),
        "t40": sum(int(case.body["d40"]) for case in claim.cases),
    }
    for tag, value in sums.items():
        if claim.totals.get(tag) != str(value):
            raise FieldInvalid("does not agree with the cases", field=tag)


def _case(number: int, visit: Visit, chosen: Substitutes) -> ClaimCase:
    content, claim = visit.content, visit.content.claim
    if not content.diagnoses:
        raise FieldInvalid("a visit without a diagnosis", field="content.diagnoses")
    day = roc_date(visit.visit_at.astimezone(TAIPEI).date())
    points = {tag: sum(map(order_points, _of_kinds(content.orders, kinds))) for tag, kinds in _POINTS.items()}
    drugs = _of_kinds(content.orders, (OrderKind.DRUG,))
    body = {
        "d3": visit.patient.id_no,
        **dict(zip(_SPECIAL_ITEMS, claim.special_items, strict=False)),
        "d8": claim.department,
        "d9": day,
        "d11": roc_date(visit.patient.birth_date),
        "d14": claim.payment_category,
        "d15": claim.copay,
        **{
            tag: diagnosis.code.replace(".", "")
            for tag, diagnosis in zip(_DIAGNOSES, content.diagnoses, strict=False)
        },
        "d27": str(max((order.days for order in drugs), default=0)),
        "d28": claim.dispensing,
        "d29": visit.sequence.number if visit.sequence else "",
        "d30": visit.practitioner.id_no or visit.practitioner.staff_id,
        **{tag: str(value) for tag, value in points.items()},
        "d39": str(content.fee_points),
        "d40": str(content.copay_points),
        "d41": str(content.fee_points - content.copay_points),
        "d44": str(max((order.days * order.refills for order in drugs if order.chronic), default=0)),
        "d49": to_big5(visit.patient.name, "patient.name", chosen),
        "d52": _REMOTE if content.occasion.remote else "",
    }
    claimed = [order for order in content.orders if order.kind in _ORDER_TYPES]
    lines = tuple(_line(place, order, visit) for place, order in enumerate(claimed, start=1))
    return ClaimCase(
        head={"d1": claim.case_type, "d2": str(number)},
        body={tag: value for tag, value in body.items() if value},
        lines=lines,
    )


def _line(place: int, order: Order, visit: Visit) -> dict[str, str]:
    is_drug = order.kind is OrderKind.DRUG
    moment = _minute(visit.visit_at)
    values = {
        "p1": str(order.days) if is_drug else "",
        "p2": visit.content.claim.dispensing,
        "p3": _ORDER_TYPES[order.kind],
        "p4": order.code,
        "p5": f"{order.dose:g}" if is_drug else "",
        "p7": order.frequency,
        "p8": str(order.percentage),
        "p9": order.route,
        "p10": f"{order.total:.1f}",
        "p11": f"{order.price:.2f}",
        "p12": str(order_points(order)),
        "p13": f"{place:03d}",
        "p14": moment,
        "p15": moment,
        **(_visit_fee(visit) if order.code in _VISIT_FEES else {}),
    }
    return {tag: value for tag, value in values.items() if value}


def _visit_fee(visit: Visit) -> dict[str, str]:
    """What the plan asks of a visit fee's own line: from arrival to departure, by whom, of which department, and whether
    it was an emergency (nhi-domain §4.9).
    """
    arrived_at, departed_at = stay_of(visit)
    return {
        "p14": _minute(arrived_at),
        "p15": _minute(departed_at or arrived_at),
        "p16": visit.practitioner.id_no or visit.practitioner.staff_id,
        "p20": visit.content.claim.department,
        "p21": _EMERGENCY if visit.content.occasion.emergency else "",
    }


def _minute(moment: dt.datetime) -> str:
    """p14 and p15 count to the minute."""
    return roc_time(moment)[:11]


def _of_kinds(orders: Sequence[Order], kinds: Sequence[OrderKind]) -> list[Order]:
    return [order for order in orders if order.kind in kinds]


def _month(visit: Visit) -> str:
    return roc_date(visit.visit_at.astimezone(TAIPEI).date())[:5]


def _add(parent: ET.Element, values: Mapping[str, str]) -> None:
    for tag, value in values.items():
        ET.SubElement(parent, tag).text = value


def _read_case(data: ET.Element) -> ClaimCase:
    head, body = data.find("dhead"), data.find("dbody")
    if head is None or body is None:
        raise FieldInvalid("a case without head or body", field="ddata")
    return ClaimCase(
        head=_values(head),
        body={tag: value for tag, value in _values(body).items() if tag != "pdata"},
        lines=tuple(map(_values, body.iterfind("pdata"))),
    )


def _values(parent: ET.Element) -> dict[str, str]:
    return {child.tag: child.text or "" for child in parent}
