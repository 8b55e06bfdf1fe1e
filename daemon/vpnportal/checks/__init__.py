"""What an upload must satisfy, judged here alone: the box's own rules are not asked (data-centre.md §1.7)."""

from __future__ import annotations

import datetime as dt

import msgspec
from sqlalchemy import Connection

from visitbridge.domain.people import Institution
from visitbridge.protocols.datacentre.common import CheckFinding


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """Against what an upload is judged: the box's institution and SAM, the time, what the database knows."""

    connection: Connection
    institution: Institution
    sam_id: str
    now: dt.datetime


CLOCK_TOLERANCE = dt.timedelta(minutes=5)
"""How far a box's clock may run ahead."""

ACCEPTED_AFTER = dt.timedelta(days=92)
"""Three months, after which a visit is no longer taken (nhi-domain §3.2)."""


ID_LENGTH = 64
"""Longest id of a record that is taken."""


class RecordNote(msgspec.Struct, frozen=True, kw_only=True):
    """One record of an upload: the ``key`` it is known by, unique per kind and institution; the ``field`` to name when
    it is known already; a ``mark`` to remember it by.
    """

    key: str
    field: str
    mark: str = ""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """``findings``: why the upload is refused, empty when it is not.

    ``has_orders``: a prescription, which gets a 通關密碼.
    """

    findings: tuple[CheckFinding, ...]
    records: tuple[RecordNote, ...] = ()
    has_orders: bool = False
