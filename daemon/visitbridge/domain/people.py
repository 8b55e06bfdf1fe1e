"""Patients, health professionals, institutions: what a card says about them."""

from __future__ import annotations

import datetime as dt
import enum

import msgspec


class Sex(enum.StrEnum):
    MALE = "M"
    FEMALE = "F"


class BasicRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The public 57-byte record of an NHI card (nhi-domain §1.2).

    ``name`` is decoded from Big5; ``name_big5`` keeps the card's own bytes (hex, unpadded), since rare
    characters read as ``*`` or not at all (G07).
    """

    card_no: str
    name: str
    name_big5: str
    id_no: str
    birth_date: dt.date
    sex: Sex
    issued_date: dt.date

    @property
    def is_test_card(self) -> bool:
        """Numbers that start with 9 belong to the test environment (nhi-domain §1.4)."""
        return self.card_no.startswith("9")


class StaffKind(enum.StrEnum):
    """Profession on a health-professional card (F08)."""

    DOCTOR = "doctor"
    NURSE = "nurse"
    PHARMACIST = "pharmacist"
    OTHER = "other"


class Right(enum.StrEnum):
    """Service codes that the VPN grants to a user (A08, A14, A17)."""

    SETTINGS = "QPA"
    VISITS = "QPB"
    DISPENSING = "QPC"
    EMERGENCY = "IMQ"
    VIRTUAL_CARD = "VC"


class BoxRole(enum.StrEnum):
    """What a paired phone may do to the box itself; mirrors 機構代表, 機構管理者, 機構使用者 (A03)."""

    USER = "user"
    TECHNICIAN = "technician"
    OWNER = "owner"

    def covers(self, other: BoxRole) -> bool:
        """Whether this role may do what ``other`` may."""
        ranks = tuple(BoxRole)
        return ranks.index(self) >= ranks.index(other)


class Institution(msgspec.Struct, frozen=True, kw_only=True):
    """10-character code and name."""

    code: str
    name: str


def mask_id(id_no: str) -> str:
    """``A123456788`` → ``A12****788`` (ux §3.4)."""
    return f"{id_no[:3]}****{id_no[-3:]}" if len(id_no) == 10 else "*" * len(id_no)


def mask_name(name: str) -> str:
    """``王小明`` → ``王○明``; two characters keep the first only."""
    if len(name) <= 1:
        return name
    if len(name) == 2:
        return name[0] + "○"
    return name[0] + "○" * (len(name) - 2) + name[-1]
