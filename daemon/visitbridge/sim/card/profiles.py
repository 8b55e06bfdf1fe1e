"""The cards of the lab: obviously invented people with checksum-invalid ids and numbers that start with 9."""

from __future__ import annotations

import datetime as dt

from visitbridge.domain.people import BasicRecord, Sex, StaffKind
from visitbridge.protocols.nhi.basic import decode_name, encode_name, unpad_name
from visitbridge.protocols.nhi.hpc import Holder
from visitbridge.sim.card.hpc import HpcProfile
from visitbridge.sim.card.nhi import NhiProfile

ATR_NHI_OLD = bytes.fromhex("3BEE00008131FE4580318066409093060F17830F9000F3")
ATR_NHI_JCOP4 = bytes.fromhex("3BFA1800008131FE4550564A434F503453494493")
ATR_NHI_SLJ52 = bytes.fromhex("3BFA1800008131FE45534C4A353247787879 79FC".replace(" ", ""))
ATR_HPC = bytes.fromhex("3BF91800008131FE4550565F4A32443038 31B6".replace(" ", ""))
"""Answers to reset of the real cards (nhi-domain §1.1, one source each): never a reason to accept or refuse."""

ATR_OTHER = bytes.fromhex("3B8F8001804F0CA000000306030001000000006A")
"""A contactless storage card's, from PC/SC part 3 §3.1.3.2.3: some card that has nothing to do with us."""

LAB_PIN = "123456"
"""PIN of every test HPC."""


def _person(card_no: str, name_big5: bytes, id_no: str, born: dt.date, sex: Sex) -> BasicRecord:
    return BasicRecord(
        card_no=card_no,
        name=decode_name(name_big5),
        name_big5=unpad_name(name_big5).hex().upper(),
        id_no=id_no,
        birth_date=born,
        sex=sex,
        issued_date=dt.date(2020, 5, 1),
    )


NHI_PROFILES = (
    NhiProfile(
        card_id="patient-wang",
        atr=ATR_NHI_JCOP4,
        basic=_person("900000000001", encode_name("王測試"), "A123456788", dt.date(1941, 3, 8), Sex.MALE),
    ),
    NhiProfile(
        card_id="patient-lin",
        atr=ATR_NHI_OLD,
        basic=_person("900000000002", encode_name("林樣本"), "A223456780", dt.date(1948, 11, 22), Sex.FEMALE),
    ),
    NhiProfile(
        card_id="patient-rare",
        atr=ATR_NHI_SLJ52,
        # FA40 lies in a user-defined area of Big5: on paper a rare character, on screen a `*` (G07).
        basic=_person(
            "900000000003",
            "陳".encode("cp950") + b"\xfa\x40" + "樣本".encode("cp950"),
            "A123456787",
            dt.date(1936, 1, 30),
            Sex.MALE,
        ),
    ),
)

HPC_PROFILES = tuple(
    HpcProfile(
        card_id=card_id,
        atr=ATR_HPC,
        holder=Holder(hpc_no=hpc_no, name=name, kind=kind),
        pin=LAB_PIN,
    )
    for card_id, hpc_no, name, kind in (
        ("hpc-doctor", "990000000001", "醫師樣本", StaffKind.DOCTOR),
        ("hpc-pharmacist", "990000000002", "藥師樣本", StaffKind.PHARMACIST),
        ("hpc-nurse", "990000000003", "護理師樣本", StaffKind.NURSE),
    )
)

INSTITUTION_CARD_ID = "institution-card"
OTHER_CARD_ID = "other-card"
MUTE_CARD_ID = "mute-card"
