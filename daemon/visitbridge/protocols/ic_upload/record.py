"""One card use as format 1.0 describes it: field ids, lengths, and a typed record over them.

Source: IC-card upload instructions, format 1.0 (2015-11-16), field table; nhi-domain §3.1.
"""

from __future__ import annotations

from typing import Literal

import msgspec


class IcField(msgspec.Struct, frozen=True):
    """``numeric``: digits (and, for quantities and fees, sign or one decimal). ``length`` in characters."""

    tag: str
    length: int
    numeric: bool = False


class IcOrder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One ``MB2``. ``time`` (A71) repeats the visit time; ``quantity`` (A77) has one decimal at most.

    ``allergy_mark``: N new, D withdrawn; that A80 and A81 stand here and not in ``MB1`` is read from their numbers (D).
    """

    time: str
    order_type: str
    code: str
    site: str = ""
    usage: str = ""
    days: str = ""
    quantity: str = ""
    handover: str = ""
    signature: str = ""
    allergy_mark: str = ""
    allergy_drugs: str = ""


class IcRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One ``REC``. Empty text = the element is absent.

    Vaccinations (A00=2, A61-A64) are not what a home visit sends and have no members here.
    ``data_format`` (A01): 1 normal, 2 abnormal (no card or no number from it), 3 and 4 their corrections.
    """

    data_format: Literal["1", "2", "3", "4"]
    data_type: Literal["1", "2"] = "1"
    card_no: str = ""
    id_no: str = ""
    birth_date: str = ""
    institution: str = ""
    staff_id_no: str = ""
    sam_id: str = ""
    visit_time: str = ""
    sequence_no: str = ""
    make_up: str = ""
    newborn_birth_date: str = ""
    newborn_order: str = ""
    signature: str = ""
    visit_type: str = ""
    newborn_mark: str = ""
    main_diagnosis: str = ""
    other_diagnoses: tuple[str, ...] = ()
    fee: str = ""
    copay: str = ""
    inpatient_fee: str = ""
    inpatient_copay_short: str = ""
    inpatient_copay_long: str = ""
    prevention_item: str = ""
    prevention_date: str = ""
    prevention_institution: str = ""
    prevention_check: str = ""
    prenatal_date: str = ""
    prenatal_institution: str = ""
    prenatal_check: str = ""
    actual_date: str = ""
    orders: tuple[IcOrder, ...] = ()


RECORD_FIELDS: dict[str, IcField] = {
    "card_no": IcField("A11", 12),
    "id_no": IcField("A12", 10),
    "birth_date": IcField("A13", 7, numeric=True),
    "institution": IcField("A14", 10),
    "staff_id_no": IcField("A15", 10),
    "sam_id": IcField("A16", 12),
    "visit_time": IcField("A17", 13, numeric=True),
    "sequence_no": IcField("A18", 4),
    "make_up": IcField("A19", 1, numeric=True),
    "newborn_birth_date": IcField("A20", 7, numeric=True),
    "newborn_order": IcField("A21", 1, numeric=True),
    "signature": IcField("A22", 256),
    "visit_type": IcField("A23", 2),
    "newborn_mark": IcField("A24", 1),
    "main_diagnosis": IcField("A25", 9),
    "fee": IcField("A31", 8, numeric=True),
    "copay": IcField("A32", 8, numeric=True),
    "inpatient_fee": IcField("A33", 8, numeric=True),
    "inpatient_copay_short": IcField("A34", 7, numeric=True),
    "inpatient_copay_long": IcField("A35", 7, numeric=True),
    "prevention_item": IcField("A41", 2),
    "prevention_date": IcField("A42", 7, numeric=True),
    "prevention_institution": IcField("A43", 10),
    "prevention_check": IcField("A44", 2),
    "prenatal_date": IcField("A51", 7, numeric=True),
    "prenatal_institution": IcField("A52", 10),
    "prenatal_check": IcField("A53", 2),
    "actual_date": IcField("A54", 7, numeric=True),
}
"""Attribute → element of ``MB1``, in the order of the field table. A22's table length of 128 belongs to the old
number call; its 256-byte successor returns 256 characters."""

DIAGNOSIS_TAGS = ("A26", "A27", "A28", "A29", "A30")

ORDER_FIELDS: dict[str, IcField] = {
    "time": IcField("A71", 13, numeric=True),
    "order_type": IcField("A72", 1),
    "code": IcField("A73", 12),
    "site": IcField("A74", 6),
    "usage": IcField("A75", 18),
    "days": IcField("A76", 2, numeric=True),
    "quantity": IcField("A77", 7, numeric=True),
    "handover": IcField("A78", 2, numeric=True),
    "signature": IcField("A79", 40),
    "allergy_mark": IcField("A80", 1),
    "allergy_drugs": IcField("A81", 200),
}
"""Attribute → element of ``MB2``."""
