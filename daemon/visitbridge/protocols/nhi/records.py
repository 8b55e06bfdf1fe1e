"""Fixed-width records on an NHI card, as the public control-software API shows them (nhi-domain §2.2).

ASCII; text left-aligned and padded with spaces. The widths are the insurer's (API manual 5.1.3, functions
hisGetRegisterBasic, hisGetLastSeqNum, hisGetTreatmentNoNeedHPC, hisWriteTreatmentCode, hisWritePrescription). How
numbers are padded is not stated there: here they are right-aligned with zeros, and blank reads as 0.
"""

from __future__ import annotations

import datetime as dt

import msgspec

from visitbridge.domain.people import BasicRecord
from visitbridge.domain.roc import roc_date
from visitbridge.protocols.nhi.basic import BASIC_LENGTH, decode_basic, encode_basic
from visitbridge.protocols.nhi.fixed import FieldReader, put_exact, put_number, put_text

REGISTER_LENGTH = 78
LAST_SEQUENCE_LENGTH = 7
VISIT_LENGTH = 69
DIAGNOSES_LENGTH = 54
ORDER_LENGTH = 61

VISIT_CAPACITY = 6
ORDER_CAPACITY = 60
DIAGNOSIS_CAPACITY = 6

INSURED_STATUS = frozenset("12348")
"""1 low-income, 2 veteran, 3 general, 4 mid-low-income, 8 disaster; other marks are not insured."""

MAKE_UP_NORMAL = "1"
MAKE_UP_LATER = "2"


class Register(msgspec.Struct, frozen=True, kw_only=True):
    """hisGetRegisterBasic, 78 bytes: the basic record and what entitles the holder.

    ``is_cancelled``: mark 2 of byte 58. ``insured_status``: one of :data:`INSURED_STATUS` or another mark.
    ``uses_left``: 0 to 99. ``newborn_birth``: None unless a newborn depends on this card.
    """

    basic: BasicRecord
    is_cancelled: bool
    insurer: str
    insured_status: str
    valid_until: dt.date
    uses_left: int
    newborn_birth: dt.date | None = None
    newborn_count: int = 0

    @property
    def is_insured(self) -> bool:
        return self.insured_status in INSURED_STATUS

    def encode(self) -> bytes:
        """Raises ValueError when a value does not fit its width."""
        newborn = " " * 7 if self.newborn_birth is None else roc_date(self.newborn_birth)
        return encode_basic(self.basic) + b"".join(
            (
                b"2" if self.is_cancelled else b"1",
                put_text(self.insurer, 2),
                put_text(self.insured_status, 1),
                roc_date(self.valid_until).encode("ascii"),
                put_number(self.uses_left, 2),
                newborn.encode("ascii"),
                put_number(self.newborn_count, 1),
            )
        )

    @classmethod
    def decode(cls, raw: bytes) -> Register:
        """Raises CardError naming the damaged field."""
        fields = FieldReader(raw, REGISTER_LENGTH)
        fields.skip(BASIC_LENGTH)
        cancel_mark = fields.text(1)
        return cls(
            basic=decode_basic(raw),
            is_cancelled=cancel_mark == "2",
            insurer=fields.text(2),
            insured_status=fields.text(1),
            valid_until=fields.date("valid_until"),
            uses_left=fields.number(2, "uses_left"),
            newborn_birth=fields.optional_date("newborn_birth"),
            newborn_count=fields.number(1, "newborn_count"),
        )


class LastSequence(msgspec.Struct, frozen=True, kw_only=True):
    """hisGetLastSeqNum, 7 bytes: ROC year (3 digits) and the last number given in it, 0 for none."""

    roc_year: int
    number: int

    def encode(self) -> bytes:
        return put_number(self.roc_year, 3) + put_number(self.number, 4)

    @classmethod
    def decode(cls, raw: bytes) -> LastSequence:
        fields = FieldReader(raw, LAST_SEQUENCE_LENGTH)
        return cls(roc_year=fields.number(3, "roc_year"), number=fields.number(4, "number"))


class VisitRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One of the six visit records, 69 bytes. Points in whole NT$; ``sequence_no`` empty where none was taken.

    ``visit_time``: 13 ROC digits; ``newborn_mark``: blank or a letter; ``is_make_up``: mark 2.
    """

    visit_type: str
    visit_time: str
    sequence_no: str
    institution: str
    newborn_mark: str = ""
    is_make_up: bool = False
    outpatient_fee: int = 0
    outpatient_copay: int = 0
    inpatient_fee: int = 0
    copay_short: int = 0
    copay_long: int = 0

    def encode(self) -> bytes:
        """Raises ValueError when a value does not fit its width."""
        return b"".join(
            (
                put_text(self.visit_type, 2),
                put_text(self.newborn_mark, 1),
                put_exact(self.visit_time, 13),
                (MAKE_UP_LATER if self.is_make_up else MAKE_UP_NORMAL).encode("ascii"),
                put_text(self.sequence_no, 4),
                put_exact(self.institution, 10),
                put_number(self.outpatient_fee, 8),
                put_number(self.outpatient_copay, 8),
                put_number(self.inpatient_fee, 8),
                put_number(self.copay_short, 7),
                put_number(self.copay_long, 7),
            )
        )

    @classmethod
    def decode(cls, raw: bytes) -> VisitRecord:
        """Raises CardError naming the damaged field."""
        fields = FieldReader(raw, VISIT_LENGTH)
        visit_type = fields.text(2)
        newborn_mark = fields.text(1)
        return cls(
            visit_type=visit_type,
            newborn_mark=newborn_mark,
            visit_time=fields.time("visit_time"),
            is_make_up=fields.text(1) == MAKE_UP_LATER,
            sequence_no=fields.text(4),
            institution=fields.text(10),
            outpatient_fee=fields.number(8, "outpatient_fee"),
            outpatient_copay=fields.number(8, "outpatient_copay"),
            inpatient_fee=fields.number(8, "inpatient_fee"),
            copay_short=fields.number(7, "copay_short"),
            copay_long=fields.number(7, "copay_long"),
        )


class DiagnosisRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The ICD-10 form of hisWriteTreatmentCode's data, 54 bytes: make-up mark, main and five more codes.

    Seven characters each at bytes 3, 12, 21, 30, 39, 48 (counted from 1); what lies between is not described
    and left blank. Codes go without their dot.
    """

    codes: tuple[str, ...]
    is_make_up: bool = False

    def encode(self) -> bytes:
        """Raises ValueError for more than six codes or one over seven characters."""
        if len(self.codes) > DIAGNOSIS_CAPACITY:
            raise ValueError("a visit record takes six diagnoses")
        mark = MAKE_UP_LATER if self.is_make_up else MAKE_UP_NORMAL
        parts = [mark.encode("ascii") + b" "]
        parts += [put_text(code.replace(".", ""), 7) + b"  " for code in self.codes]
        return b"".join(parts)[:DIAGNOSES_LENGTH].ljust(DIAGNOSES_LENGTH)

    @classmethod
    def decode(cls, raw: bytes) -> DiagnosisRecord:
        fields = FieldReader(raw, DIAGNOSES_LENGTH)
        mark = fields.text(1)
        codes: list[str] = []
        for _ in range(DIAGNOSIS_CAPACITY):
            fields.skip(1 if not codes else 2)
            codes.append(fields.text(7))
        return cls(codes=tuple(code for code in codes if code), is_make_up=mark == MAKE_UP_LATER)


class OrderRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One of the 60 order records, 61 bytes.

    ``order_type``: 1 drug, 2 long-term drug, 3 procedure, 4 material, 5 important. ``dispensing``: 01 to 06
    (nhi-domain §4.6). ``quantity_tenths``: the quantity in tenths, since one decimal is all that is allowed.
    """

    visit_time: str
    order_type: str
    code: str
    usage: str
    days: int
    quantity_tenths: int
    dispensing: str
    site: str = ""

    def encode(self) -> bytes:
        """Raises ValueError when a value does not fit its width."""
        whole, tenth = divmod(self.quantity_tenths, 10)
        return b"".join(
            (
                put_exact(self.visit_time, 13),
                put_exact(self.order_type, 1),
                put_text(self.code, 12),
                put_text(self.site, 6),
                put_text(self.usage, 18),
                put_number(self.days, 2),
                put_number(whole, 5) + b"." + put_number(tenth, 1),
                put_exact(self.dispensing, 2),
            )
        )

    @classmethod
    def decode(cls, raw: bytes) -> OrderRecord:
        """Raises CardError naming the damaged field."""
        fields = FieldReader(raw, ORDER_LENGTH)
        return cls(
            visit_time=fields.time("visit_time"),
            order_type=fields.text(1),
            code=fields.text(12),
            site=fields.text(6),
            usage=fields.text(18),
            days=fields.number(2, "days"),
            quantity_tenths=fields.tenths(7, "quantity"),
            dispensing=fields.text(2),
        )
