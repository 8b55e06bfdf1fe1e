"""A visit as a FHIR R4 Bundle after TW Core 0.3.3 (nhi-domain §9).

Resources are plain dictionaries in FHIR's JSON form. The system of the NHI card number is not public; the member number is therefore
given without one.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Mapping
from typing import Any, Final

from visitbridge.domain.id_numbers import IdKind, id_kind
from visitbridge.domain.orders import is_medicine
from visitbridge.domain.people import Sex
from visitbridge.domain.roc import TAIPEI
from visitbridge.domain.visit import Diagnosis, Order, OrderKind, Visit
from visitbridge.protocols.visit_export.transcript import Transcript

Resource = dict[str, Any]

_TW = "https://twcore.mohw.gov.tw/ig/twcore"
_PROFILE: Final = f"{_TW}/StructureDefinition/{{name}}-twcore"
_V2_0203: Final = "http://terminology.hl7.org/CodeSystem/v2-0203"
_ORGANIZATION_ID: Final = f"{_TW}/CodeSystem/organization-identifier-tw"
_DEPARTMENT: Final = f"{_TW}/CodeSystem/medical-consultation-department-nhi-tw"
_DRUG: Final = f"{_TW}/CodeSystem/medication-nhi-tw"
_SERVICE: Final = f"{_TW}/CodeSystem/medical-service-payment-tw"
_ORDER_SYSTEMS: Final[Mapping[OrderKind, str]] = {
    **dict.fromkeys((OrderKind.DRUG, OrderKind.CONTROLLED), _DRUG),
    **dict.fromkeys((OrderKind.SERVICE, OrderKind.TEST), _SERVICE),
}
_ICD: Final = f"{_TW}/CodeSystem/icd-10-cm-2023-tw"
_VISIT_NUMBER: Final = "https://nhicore.nhi.gov.tw/empd/sid/visit-identifier"
_SEQUENCE: Final = "https://nhicore.nhi.gov.tw/empd/sid/nhi-card-visit-sequence"
_HOME: Final = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
    "code": "HH",
    "display": "home health",
}
_NATIONAL = ("http://www.moi.gov.tw", "NNxxx")
_RESIDENT = ("http://www.immigration.gov.tw", "PRC")
_SUFFIX: Final = f"{_TW}/StructureDefinition/identifier-suffix"
_GENDERS: Final[Mapping[Sex, str]] = {Sex.MALE: "male", Sex.FEMALE: "female"}


def bundle_of(found: Transcript, *, at: dt.datetime) -> Resource:
    """A ``collection`` Bundle: patient, practitioner, organisation, coverage, encounter, conditions, orders.

    The same visit gives the same ids. ``at``: when it is made.
    """
    visit = found.visit
    ids = _Ids(visit.visit_id)
    resources = [
        _patient(visit, ids),
        _practitioner(visit, ids),
        _organization(visit, ids),
        _coverage(visit, ids),
        _encounter(found, ids),
        *(_condition(visit, ids, place, each) for place, each in enumerate(visit.content.diagnoses)),
        *(_order(visit, ids, place, order) for place, order in enumerate(visit.content.orders)),
    ]
    return {
        "resourceType": "Bundle",
        "id": ids.of("bundle"),
        "type": "collection",
        "timestamp": _instant(at),
        "entry": [
            {"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource}
            for resource in resources
            if resource
        ],
    }


def encode(found: Transcript, *, at: dt.datetime) -> bytes:
    """The Bundle as UTF-8 JSON."""
    return json.dumps(bundle_of(found, at=at), ensure_ascii=False, indent=1).encode()


class _Ids:
    """Ids of a visit's resources: made from the visit's own, so that an export made twice can be told to be one."""

    def __init__(self, visit_id: str) -> None:
        self._space = uuid.uuid5(uuid.NAMESPACE_OID, visit_id)

    def of(self, what: str) -> str:
        return str(uuid.uuid5(self._space, what))

    def to(self, what: str) -> Resource:
        return {"reference": f"urn:uuid:{self.of(what)}"}


def _patient(visit: Visit, ids: _Ids) -> Resource:
    patient = visit.patient
    return {
        "resourceType": "Patient",
        "id": ids.of("patient"),
        "meta": _meta("Patient"),
        "identifier": [_person_identifier(patient.id_no)],
        "name": [{"use": "official", "text": patient.name}],
        "gender": _GENDERS[patient.sex],
        "birthDate": patient.birth_date.isoformat(),
    }


def _person_identifier(id_no: str) -> Resource:
    is_resident = id_kind(id_no) in {IdKind.RESIDENT, IdKind.RESIDENT_OLD}
    system, code = _RESIDENT if is_resident else _NATIONAL
    coding: Resource = {"system": _V2_0203, "code": code}
    if not is_resident:
        country = {"system": "urn:iso:std:iso:3166", "code": "TW"}
        suffix = {"url": "suffix", "valueString": "TWN"}
        value = {"url": "valueSet", "valueCodeableConcept": {"coding": [country]}}
        coding["_code"] = {"extension": [{"url": _SUFFIX, "extension": [suffix, value]}]}
    return {"use": "official", "type": {"coding": [coding]}, "system": system, "value": id_no}


def _practitioner(visit: Visit, ids: _Ids) -> Resource:
    person = visit.practitioner
    resource: Resource = {
        "resourceType": "Practitioner",
        "id": ids.of("practitioner"),
        "meta": _meta("Practitioner"),
        "name": [{"use": "official", "text": person.name}],
    }
    if person.id_no:
        resource["identifier"] = [_person_identifier(person.id_no)]
    return resource


def _organization(visit: Visit, ids: _Ids) -> Resource:
    provider = {"system": "http://terminology.hl7.org/CodeSystem/organization-type", "code": "prov"}
    number = {"coding": [{"system": _V2_0203, "code": "PRN"}]}
    return {
        "resourceType": "Organization",
        "id": ids.of("organization"),
        "meta": _meta("Organization-hosp"),
        "identifier": [
            {"use": "official", "type": number, "system": _ORGANIZATION_ID, "value": visit.institution.code}
        ],
        "type": [{"coding": [provider]}],
        "name": visit.institution.name,
    }


def _coverage(visit: Visit, ids: _Ids) -> Resource:
    member = {"type": {"coding": [{"system": _V2_0203, "code": "MB"}]}, "value": visit.patient.card_no}
    if not visit.patient.card_no:
        return {}
    return {
        "resourceType": "Coverage",
        "id": ids.of("coverage"),
        "meta": _meta("Coverage"),
        "identifier": [member],
        "status": "active",
        "beneficiary": ids.to("patient"),
        "relationship": {
            "coding": [
                {"system": "http://terminology.hl7.org/CodeSystem/subscriber-relationship", "code": "self"}
            ]
        },
        "payor": [{"display": "全民健康保險"}],
    }


def _encounter(found: Transcript, ids: _Ids) -> Resource:
    visit = found.visit
    occasion = visit.content.occasion
    numbers = [
        {"system": system, "value": value}
        for system, value in (
            (_VISIT_NUMBER, found.visit_identifier),
            (_SEQUENCE, visit.sequence.number if visit.sequence else ""),
        )
        if value
    ]
    period = {"start": _instant(occasion.arrived_at or visit.visit_at)}
    left_at = occasion.departed_at or visit.finished_at
    if left_at is not None:
        period["end"] = _instant(left_at)
    return {
        "resourceType": "Encounter",
        "id": ids.of("encounter"),
        "meta": _meta("Encounter"),
        **({"identifier": numbers} if numbers else {}),
        "status": "finished",
        "class": dict(_HOME),
        "serviceType": {"coding": [{"system": _DEPARTMENT, "code": visit.content.claim.department}]},
        "subject": ids.to("patient"),
        "participant": [{"individual": ids.to("practitioner")}],
        "period": period,
        **(
            {"diagnosis": [{"condition": ids.to(f"condition-{place}")} for place in range(count)]}
            if (count := len(visit.content.diagnoses))
            else {}
        ),
        "serviceProvider": ids.to("organization"),
    }


def _condition(visit: Visit, ids: _Ids, place: int, diagnosis: Diagnosis) -> Resource:
    terminology = "http://terminology.hl7.org/CodeSystem"
    shown = _told(diagnosis.name_zh) or _told(diagnosis.name_en)
    return {
        "resourceType": "Condition",
        "id": ids.of(f"condition-{place}"),
        "meta": _meta("Condition"),
        "clinicalStatus": {"coding": [{"system": f"{terminology}/condition-clinical", "code": "active"}]},
        "category": [
            {"coding": [{"system": f"{terminology}/condition-category", "code": "encounter-diagnosis"}]}
        ],
        "code": {"coding": [_coding(_ICD, diagnosis.code, shown)], **({"text": shown} if shown else {})},
        "subject": ids.to("patient"),
        "encounter": ids.to("encounter"),
        "recordedDate": _instant(visit.visit_at),
    }


def _order(visit: Visit, ids: _Ids, place: int, order: Order) -> Resource:
    code = {"coding": [_coding(_ORDER_SYSTEMS.get(order.kind, ""), order.code, order.name)]}
    common = {
        "subject": ids.to("patient"),
        "encounter": ids.to("encounter"),
    }
    if is_medicine(order):
        return {
            "resourceType": "MedicationRequest",
            "id": ids.of(f"order-{place}"),
            "meta": _meta("MedicationRequest"),
            "status": "active",
            "intent": "order",
            "medicationCodeableConcept": code,
            **common,
            "authoredOn": _instant(visit.visit_at),
            "requester": ids.to("practitioner"),
            "dosageInstruction": [_dosage(order)],
            "dispenseRequest": _dispense(order),
        }
    return {
        "resourceType": "Procedure",
        "id": ids.of(f"order-{place}"),
        "meta": _meta("Procedure"),
        "status": "completed",
        "code": code,
        **common,
        "performedDateTime": _instant(visit.visit_at),
    }


def _dosage(order: Order) -> Resource:
    frequency, route = _told(order.frequency), _told(order.route)
    dosage: Resource = {"text": " ".join(filter(None, (f"{order.dose:g}", frequency, route)))}
    if frequency:
        dosage["timing"] = {"code": {"text": frequency}}
    if route:
        dosage["route"] = {"text": route}
    if order.dose:
        dosage["doseAndRate"] = [{"doseQuantity": {"value": order.dose}}]
    return dosage


def _dispense(order: Order) -> Resource:
    request: Resource = {"numberOfRepeatsAllowed": max(order.refills - 1, 0) if order.chronic else 0}
    if order.total:
        request["quantity"] = {"value": order.total}
    if order.days:
        days = {"value": order.days, "unit": "d", "system": "http://unitsofmeasure.org", "code": "d"}
        request["expectedSupplyDuration"] = days
    return request


def _coding(system: str, code: str, display: str) -> Resource:
    """What is in no code system, a self-paid item for instance, stands without one."""
    told = ("system", system), ("code", code), ("display", _told(display))
    return {key: value for key, value in told if value}


def _told(text: str) -> str:
    """Nothing for a text of blanks alone, which FHIR takes for none."""
    return text if text.strip() else ""


def _meta(name: str) -> Resource:
    return {"profile": [_PROFILE.format(name=name)]}


def _instant(moment: dt.datetime) -> str:
    return moment.astimezone(TAIPEI).isoformat(timespec="seconds")
