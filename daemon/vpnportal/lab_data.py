"""The lab's invented people: an institution, its staff, patients. Nobody real; ids that no checksum accepts.

Card numbers and names agree with the gateway's virtual cards (docs/test-applet.md).
"""

from __future__ import annotations

import datetime as dt

import msgspec
from sqlalchemy import Connection

from visitbridge.domain.people import Institution, Right, StaffKind
from vpnportal.clock import taipei_day
from vpnportal.database import insert_if_absent
from vpnportal.dataset_files import STARTER, read_csv
from vpnportal.datasets import DataSetShelf
from vpnportal.devices import Device, add_device, add_institution, find_device_by_name
from vpnportal.lab_records import seed_records
from vpnportal.schema import home_care_lists, insured_persons
from vpnportal.staff import StaffMember, add_staff

LAB_INSTITUTION = Institution(code="9999999995", name="示範居家護理所（測試）")
"""The check digit fits the rule of nhi-domain §8.3; no institution's code starts with 99."""

LAB_DEVICE = "示範閘道器"

_CARE = (Right.SETTINGS, Right.VISITS, Right.EMERGENCY, Right.VIRTUAL_CARD)

LAB_STAFF = (
    StaffMember(
        hpc_no="990000000001",
        staff_id="T0001",
        id_no="D100000001",
        name="醫師樣本",
        kind=StaffKind.DOCTOR,
        rights=_CARE,
    ),
    StaffMember(
        hpc_no="990000000002",
        staff_id="T0002",
        id_no="D100000002",
        name="藥師樣本",
        kind=StaffKind.PHARMACIST,
        rights=(Right.DISPENSING,),
    ),
    StaffMember(
        hpc_no="990000000003",
        staff_id="T0003",
        id_no="D100000003",
        name="護理師樣本",
        kind=StaffKind.NURSE,
        rights=(Right.SETTINGS, Right.VISITS),
    ),
)


LAB_GROUP = "hospice"
"""A second group of data sets, with packages of its own (B13, S02)."""


class LabPatient(msgspec.Struct, frozen=True):
    id_no: str
    birth_date: dt.date
    insured: bool
    on_home_care_list: bool
    records: int
    """How many lines each table of cloud records has of this person."""


LAB_PATIENTS = (
    LabPatient("A123456788", dt.date(1941, 3, 8), insured=True, on_home_care_list=True, records=3),
    LabPatient("A223456780", dt.date(1948, 11, 22), insured=True, on_home_care_list=True, records=1),
    LabPatient("A123456787", dt.date(1936, 1, 30), insured=False, on_home_care_list=True, records=0),
)


def put_other_group(shelf: DataSetShelf, now: dt.datetime) -> None:
    """Offer :data:`LAB_GROUP`."""
    rows = read_csv(STARTER / "packages.csv")
    shelf.put("packages", rows[-1:], now, group=LAB_GROUP)


def seed_lab(connection: Connection, now: dt.datetime) -> Device:
    """Record all of it, as often as one likes, and return the lab's device."""
    add_institution(connection, LAB_INSTITUTION)
    for member in LAB_STAFF:
        add_staff(connection, LAB_INSTITUTION.code, member)
    for patient in LAB_PATIENTS:
        insert_if_absent(
            connection,
            insured_persons,
            {"id_no": patient.id_no, "birth_date": patient.birth_date, "insured": patient.insured},
        )
        if patient.on_home_care_list:
            insert_if_absent(
                connection, home_care_lists, {"institution": LAB_INSTITUTION.code, "id_no": patient.id_no}
            )
    seed_records(connection, {patient.id_no: patient.records for patient in LAB_PATIENTS}, taipei_day(now))
    return find_device_by_name(connection, LAB_INSTITUTION.code, LAB_DEVICE) or add_device(
        connection, institution=LAB_INSTITUTION.code, name=LAB_DEVICE, now=now
    )
