"""Every form of an export: the golden file, the way back, and what a wrong file is refused by."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from fhir.resources.R4B.bundle import Bundle
from hypothesis import example, given
from hypothesis import strategies as st

from tests.protocols.visit_export.samples import AT, MADE_AT, TRANSCRIPT, VISIT
from visitbridge.domain.amounts import fee_points
from visitbridge.domain.visit import Diagnosis, Order, OrderKind, VisitContent
from visitbridge.errors import FieldInvalid, NotInBig5
from visitbridge.protocols.visit_export import claim_xml, csv_table, fhir_bundle, scheme_json
from visitbridge.protocols.visit_export.transcript import Transcript, to_big5, unfit_characters

GOLDEN = Path(__file__).parent / "golden"
FORMS: dict[str, Callable[[], bytes]] = {
    "scheme.json": lambda: scheme_json.encode([TRANSCRIPT], {}),
    "claim.xml": lambda: claim_xml.encode(claim_xml.claim_of([TRANSCRIPT], {})),
    "visit.csv": lambda: csv_table.encode([TRANSCRIPT]),
    "bundle.json": lambda: fhir_bundle.encode(TRANSCRIPT, at=MADE_AT),
}


def named(name: str) -> Transcript:
    patient = msgspec.structs.replace(VISIT.patient, name=name)
    return msgspec.structs.replace(TRANSCRIPT, visit=msgspec.structs.replace(VISIT, patient=patient))


def with_content(**changes: object) -> Transcript:
    content: VisitContent = msgspec.structs.replace(VISIT.content, **changes)
    return msgspec.structs.replace(TRANSCRIPT, visit=msgspec.structs.replace(VISIT, content=content))


@pytest.mark.parametrize("name", FORMS)
def test_R02_a_form_is_the_golden_file(name: str) -> None:
    assert FORMS[name]() == (GOLDEN / name).read_bytes()


def test_the_golden_bundle_is_fhir_and_claims_tw_core_for_every_resource() -> None:
    data = (GOLDEN / "bundle.json").read_bytes()

    bundle = Bundle.model_validate_json(data)

    resources = [entry["resource"] for entry in json.loads(data)["entry"]]
    kinds = [resource["resourceType"] for resource in resources]
    assert bundle.type == "collection"
    assert {"Patient", "Practitioner", "Organization", "Coverage", "Encounter"} <= set(kinds)
    assert (kinds.count("Condition"), kinds.count("MedicationRequest"), kinds.count("Procedure")) == (2, 1, 2)
    assert all("-twcore" in resource["meta"]["profile"][0] for resource in resources)


def test_M09_a_medicine_that_the_patient_pays_for_is_requested_under_no_code_of_the_insurers() -> None:
    paid = Order(
        kind=OrderKind.SELF_PAID,
        code="SP2",
        name="自費凝膠",
        dose=1,
        frequency="BID",
        route="EXT",
        days=14,
        total=28,
    )
    bundle = fhir_bundle.bundle_of(with_content(orders=(paid,)), at=MADE_AT)

    (request,) = (
        entry["resource"]
        for entry in bundle["entry"]
        if entry["resource"]["resourceType"] == "MedicationRequest"
    )
    assert request["medicationCodeableConcept"]["coding"] == [{"code": "SP2", "display": "自費凝膠"}]
    assert request["dosageInstruction"][0]["text"] == "1 BID EXT"
    assert request["dispenseRequest"]["quantity"] == {"value": 28}


def test_every_reference_of_a_bundle_leads_to_a_resource_in_it() -> None:
    bundle = fhir_bundle.bundle_of(TRANSCRIPT, at=MADE_AT)
    urls = {entry["fullUrl"] for entry in bundle["entry"]}

    references = re.findall(r'"reference": "([^"]+)"', json.dumps(bundle))

    assert len(references) > 10
    assert set(references) <= urls


def test_the_same_visit_gives_the_same_ids() -> None:
    first, second = (fhir_bundle.bundle_of(TRANSCRIPT, at=MADE_AT) for _ in range(2))

    assert first == second


@pytest.mark.parametrize(
    ("id_no", "system"),
    [
        ("A123456788", "http://www.moi.gov.tw"),
        ("A800000000", "http://www.immigration.gov.tw"),
        ("AC00000000", "http://www.immigration.gov.tw"),
    ],
)
def test_the_identifier_says_who_gave_it(id_no: str, system: str) -> None:
    patient = msgspec.structs.replace(VISIT.patient, id_no=id_no)
    found = msgspec.structs.replace(TRANSCRIPT, visit=msgspec.structs.replace(VISIT, patient=patient))

    bundle = fhir_bundle.bundle_of(found, at=MADE_AT)

    assert bundle["entry"][0]["resource"]["identifier"][0]["system"] == system
    Bundle.model_validate(bundle)


@example(name="\u00a0", note="\u00a0", dose=1.0)
@given(
    name=st.text(max_size=20),
    note=st.text(max_size=50),
    dose=st.floats(min_value=0, max_value=99).map(lambda x: round(x, 1)),
)
def test_any_visit_makes_a_bundle_that_fhir_takes(name: str, note: str, dose: float) -> None:
    order = msgspec.structs.replace(VISIT.content.orders[0], dose=dose, name=note)
    found = with_content(orders=(order,), diagnoses=(Diagnosis(code="I10", name_zh=name),))

    Bundle.model_validate_json(fhir_bundle.encode(found, at=MADE_AT))


BIG5 = st.text(alphabet=st.characters(codec="big5", exclude_categories=("Cc", "Cs")), max_size=40)


@given(subjective=BIG5, objective=BIG5, name=BIG5)
def test_the_schemes_export_reads_back(subjective: str, objective: str, name: str) -> None:
    found = with_content(subjective=subjective, objective=objective)
    patient = msgspec.structs.replace(found.visit.patient, name=name)
    found = msgspec.structs.replace(found, visit=msgspec.structs.replace(found.visit, patient=patient))

    (read,) = scheme_json.decode(scheme_json.encode([found], {}))

    assert (read.subjective, read.objective, read.paname) == (subjective, objective, name)


@given(name=BIG5.filter(lambda text: text.strip() == text and bool(text)))
def test_a_claim_reads_back(name: str) -> None:
    claim = claim_xml.claim_of([named(name), TRANSCRIPT], {})

    assert claim_xml.decode(claim_xml.encode(claim)) == claim


@given(
    subjective=st.text(
        alphabet=st.characters(exclude_categories=("Cs", "Cn"), exclude_characters="\x00"), max_size=60
    )
)
def test_a_table_reads_back_whatever_was_typed(subjective: str) -> None:
    rows = csv_table.decode(csv_table.encode([with_content(subjective=subjective)]))

    assert {row["subjective"] for row in rows} == {subjective}
    assert [row["order_no"] for row in rows] == ["1", "2", "3"]


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "'quoted"])
def test_a_spreadsheet_runs_nothing_that_was_typed(formula: str) -> None:
    data = csv_table.encode([with_content(subjective=formula, orders=())])

    assert f"'{formula}" in data.decode("utf-8-sig")
    assert csv_table.decode(data)[0]["subjective"] == formula


def test_a_number_that_was_not_taken_is_said_to_be_none() -> None:
    found = msgspec.structs.replace(TRANSCRIPT, visit=msgspec.structs.replace(VISIT, sequence=None))

    assert scheme_json.decode(scheme_json.encode([found], {}))[0].A18 == "NA"


@pytest.mark.parametrize("form", ["scheme", "claim"])
def test_a_character_outside_big5_is_named_by_field_and_place_and_never_replaced(form: str) -> None:
    encode: dict[str, Callable[[], object]] = {
        "scheme": lambda: scheme_json.encode([named("測試𠮷堃")], {}),
        "claim": lambda: claim_xml.claim_of([named("測試𠮷堃")], {}),
    }

    with pytest.raises(NotInBig5) as caught:
        encode[form]()

    assert (caught.value.field, caught.value.params["position"]) == ("patient.name", 3)
    assert str(caught.value.params["character"]).startswith("U+20BB7")
    assert "測試" not in f"{caught.value} {caught.value.params}"


def test_what_a_person_chose_is_written() -> None:
    (read,) = scheme_json.decode(scheme_json.encode([named("測試𠮷")], {"𠮷": "吉"}))

    assert read.paname == "測試吉"


def test_all_characters_outside_big5_are_listed_at_once() -> None:
    visit = msgspec.structs.replace(
        named("𠮷").visit, content=msgspec.structs.replace(VISIT.content, objective="見𡘙", special_note="")
    )

    assert [(found.field, found.position, found.character) for found in unfit_characters([visit])] == [
        ("patient.name", 1, "𠮷"),
        ("content.objective", 2, "𡘙"),
    ]


@given(text=BIG5)
def test_what_big5_can_carry_is_written_as_it_is(text: str) -> None:
    assert to_big5(text, "field", {}) == text


@given(before=BIG5, stranger=st.characters(min_codepoint=0x20000, max_codepoint=0x2A6DF), after=BIG5)
def test_what_big5_cannot_carry_is_named_by_its_place(before: str, stranger: str, after: str) -> None:
    with pytest.raises(NotInBig5) as caught:
        to_big5(f"{before}{stranger}{after}", "field", {})

    assert caught.value.params["position"] == len(before) + 1


@pytest.mark.parametrize("data", [b"", b"{}", b"[{}]", b"\xff\xfe", b'[{"A11": 1}]'])
def test_a_file_that_is_not_the_schemes_is_refused(data: bytes) -> None:
    with pytest.raises(FieldInvalid):
        scheme_json.decode(data)


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        (b"<d3>A123456788</d3>", b"", "ddata[0].d3"),
        (b"<d41>1643</d41>", b"<d41>1644</d41>", "ddata[0].d41"),
        (b"<p13>002</p13>", b"<p13>003</p13>", "ddata[0].p13"),
        (b"<t38>1693</t38>", b"<t38>1</t38>", "t38"),
        (b"<tdata>", b"<!DOCTYPE x><tdata>", "outpatient"),
        (b"outpatient", b"inpatient", "outpatient"),
        (b"</outpatient>", b"", "outpatient"),
        (b"<dhead>", b"<dhat>", "outpatient"),
    ],
)
def test_a_claim_that_does_not_hold_together_is_refused_by_its_field(
    old: bytes, new: bytes, field: str
) -> None:
    data = (GOLDEN / "claim.xml").read_bytes()
    assert old in data

    with pytest.raises(FieldInvalid) as caught:
        claim_xml.decode(data.replace(old, new))

    assert caught.value.field == field


@pytest.mark.parametrize("data", [b"", b"a,b\r\n1,2\r\n", b"\xff\xfe"])
def test_a_table_of_something_else_is_refused(data: bytes) -> None:
    with pytest.raises(FieldInvalid):
        csv_table.decode(data)


def test_a_claim_is_of_one_institution_and_month() -> None:
    other = msgspec.structs.replace(
        TRANSCRIPT, visit=msgspec.structs.replace(VISIT, visit_at=VISIT.visit_at.replace(month=10))
    )

    with pytest.raises(FieldInvalid, match="one month"):
        claim_xml.claim_of([TRANSCRIPT, other], {})


@pytest.mark.parametrize("form", ["scheme", "claim"])
def test_a_visit_without_a_diagnosis_is_refused(form: str) -> None:
    found = with_content(diagnoses=())

    encode: dict[str, Callable[[], object]] = {
        "scheme": lambda: scheme_json.encode([found], {}),
        "claim": lambda: claim_xml.claim_of([found], {}),
    }

    with pytest.raises(FieldInvalid) as caught:
        encode[form]()

    assert caught.value.field == "content.diagnoses"


def test_a_claims_visit_fee_tells_when_by_whom_and_for_which_department() -> None:
    stay = msgspec.structs.replace(
        VISIT.content.occasion, arrived_at=AT - dt.timedelta(minutes=5), emergency=True
    )
    drug, fee = claim_xml.claim_of([with_content(occasion=stay)], {}).cases[0].lines

    assert {tag: fee.get(tag) for tag in ("p14", "p15", "p16", "p20", "p21")} == {
        "p14": "11511220925",
        "p15": "11511221010",
        "p16": "B123456780",
        "p20": "EA",
        "p21": "ECE",
    }
    assert (drug["p14"], drug["p15"]) == ("11511220930", "11511220930")
    assert not {"p16", "p20", "p21"} & set(drug)


@pytest.mark.parametrize(("price", "points"), [(1.5, "11"), (2.5, "18"), (0.5, "4")])
def test_a_claims_lines_are_rounded_as_its_total_is(price: float, points: str) -> None:
    order = msgspec.structs.replace(VISIT.content.orders[0], total=7.0, price=price)
    found = with_content(orders=(order,), fee_points=fee_points([order]))
    (case,) = claim_xml.claim_of([found], {}).cases

    assert (case.lines[0]["p12"], case.body["d32"], case.body["d39"]) == (points, points, points)


def test_the_schemes_file_gives_each_order_of_the_card_its_signature() -> None:
    drug, fee, self_paid = VISIT.content.orders
    found = msgspec.structs.replace(
        with_content(orders=(self_paid, drug, fee)), order_signatures=("SIGNED1", "SIGNED2")
    )

    assert [(each.p01_2, each.A79) for each in scheme_json.scheme_visit(found, {}).pres] == [
        (self_paid.code, ""),
        (drug.code, "SIGNED1"),
        (fee.code, "SIGNED2"),
    ]
