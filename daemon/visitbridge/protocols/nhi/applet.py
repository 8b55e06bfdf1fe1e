"""Commands of the test applet on the virtual NHI card (docs/test-applet.md).

This is this project's own applet. The real card's commands past the basic record are not public, and nothing here
claims to be them. Instructions and data-object tags are those of ISO/IEC 7816-4: GET DATA and PUT DATA with tags of
the proprietary range 0100-01FF (§11.4.3). All of them travel in the secure channel of ``protocols/scp03``.
"""

from __future__ import annotations

import datetime as dt
import enum
import hashlib
from collections.abc import Sequence
from typing import Literal

import msgspec

from visitbridge.domain.roc import roc_date
from visitbridge.errors import CardError
from visitbridge.protocols.apdu import Command
from visitbridge.protocols.nhi.fixed import FieldReader, put_exact, put_number, put_text
from visitbridge.protocols.nhi.records import (
    MAKE_UP_LATER,
    MAKE_UP_NORMAL,
    ORDER_LENGTH,
    VISIT_LENGTH,
    DiagnosisRecord,
    OrderRecord,
    VisitRecord,
)

CLA = 0x80
GET_DATA = 0xCA
GET_DATA_BY_KEY = 0xCB
"""GET DATA with a data field (odd instruction, ISO/IEC 7816-4 §11.4.3)."""
PUT_DATA = 0xDA

KEY_LENGTH = 23
RECORDS_PER_COMMAND = 3
"""Three records of either kind fit one short secured command or answer."""

_DIGEST_LENGTH = 32
_STATE_LENGTH = 12 + _DIGEST_LENGTH


class Tag(enum.IntEnum):
    """P1-P2 of GET DATA and PUT DATA."""

    REGISTER = 0x0101
    LAST_SEQUENCE = 0x0102
    COUNTS = 0x0103
    RECORD_STATE = 0x0110
    VISIT = 0x0111
    VISITS = 0x0120
    ORDERS = 0x0121
    TAKE_SEQUENCE = 0x0130
    OPEN_VISIT = 0x0131
    WRITE_VISIT = 0x0132
    WRITE_DIAGNOSES = 0x0133
    COMMIT_VISIT = 0x0134
    BEGIN_ORDERS = 0x0140
    WRITE_ORDERS = 0x0141
    COMMIT_ORDERS = 0x0142
    UPDATE = 0x0150


Stage = Literal["absent", "open", "closed"]

_STAGE_MARKS: dict[Stage, str] = {"absent": "A", "open": "O", "closed": "C"}
_MARK_STAGES = {mark: stage for stage, mark in _STAGE_MARKS.items()}


class RecordState(msgspec.Struct, frozen=True, kw_only=True):
    """What the card knows of one key.

    ``has_record``, ``has_diagnoses``: written, while the visit is open. ``orders_written`` of ``orders_expected``
    order records are there; ``orders_digest`` is the SHA-256 of those, in order.
    """

    visit: Stage
    orders: Stage
    sequence_no: str = ""
    has_record: bool = False
    has_diagnoses: bool = False
    orders_expected: int = 0
    orders_written: int = 0
    orders_digest: bytes = hashlib.sha256().digest()

    def encode(self) -> bytes:
        """44 bytes: four marks, number (4), expected and written (2 digits each), digest (32)."""
        return b"".join(
            (
                _STAGE_MARKS[self.visit].encode("ascii"),
                _STAGE_MARKS[self.orders].encode("ascii"),
                b"Y" if self.has_record else b"N",
                b"Y" if self.has_diagnoses else b"N",
                put_text(self.sequence_no, 4),
                put_number(self.orders_expected, 2),
                put_number(self.orders_written, 2),
                self.orders_digest,
            )
        )

    @classmethod
    def decode(cls, raw: bytes) -> RecordState:
        """Raises CardError for anything else."""
        if len(raw) != _STATE_LENGTH:
            raise CardError("record state of another length")
        fields = FieldReader(raw[:-_DIGEST_LENGTH], _STATE_LENGTH - _DIGEST_LENGTH)
        return cls(
            visit=_stage(fields.text(1)),
            orders=_stage(fields.text(1)),
            has_record=fields.text(1) == "Y",
            has_diagnoses=fields.text(1) == "Y",
            sequence_no=fields.text(4),
            orders_expected=fields.number(2, "orders_expected"),
            orders_written=fields.number(2, "orders_written"),
            orders_digest=raw[-_DIGEST_LENGTH:],
        )


def record_key(visit_time: str, institution: str) -> bytes:
    """Key of a visit and its orders: 13 ROC digits and the institution's 10 characters."""
    return put_exact(visit_time, 13) + put_exact(institution, 10)


def orders_digest(records: Sequence[bytes]) -> bytes:
    return hashlib.sha256(b"".join(records)).digest()


def _get(tag: Tag, data: bytes = b"") -> Command:
    ins = GET_DATA_BY_KEY if data else GET_DATA
    return Command(CLA, ins, tag >> 8, tag & 0xFF, data, le=256)


def _put(tag: Tag, data: bytes) -> Command:
    return Command(CLA, PUT_DATA, tag >> 8, tag & 0xFF, data, le=256)


READ_REGISTER = _get(Tag.REGISTER)
"""Answer: records.Register, 78 bytes."""

READ_LAST_SEQUENCE = _get(Tag.LAST_SEQUENCE)
"""Answer: records.LastSequence, 7 bytes."""

READ_COUNTS = _get(Tag.COUNTS)
"""Answer: how many closed visit and order records can be read, 2 digits each."""


def decode_counts(raw: bytes) -> tuple[int, int]:
    """Visits and orders, from the answer of :data:`READ_COUNTS`."""
    fields = FieldReader(raw, 4)
    return fields.number(2, "visits"), fields.number(2, "orders")


def read_state(key: bytes) -> Command:
    """Answer: :class:`RecordState`."""
    return _get(Tag.RECORD_STATE, key)


def read_visit(key: bytes) -> Command:
    """Answer: the visit's record (69 bytes), then its diagnoses (54 bytes) if written; also while it is open."""
    return _get(Tag.VISIT, key)


def read_visits(first: int) -> Command:
    """Answer: up to three closed visit records from index ``first``, oldest first."""
    return _get(Tag.VISITS, put_number(first, 2))


def read_orders(first: int) -> Command:
    """Answer: up to three closed order records from index ``first``, oldest first."""
    return _get(Tag.ORDERS, put_number(first, 2))


def split_visit(raw: bytes) -> tuple[bytes, bytes]:
    """Record and diagnoses (possibly empty) from the answer of :func:`read_visit`."""
    return raw[:VISIT_LENGTH], raw[VISIT_LENGTH:]


def split_visits(raw: bytes) -> list[bytes]:
    return _split(raw, VISIT_LENGTH)


def split_orders(raw: bytes) -> list[bytes]:
    return _split(raw, ORDER_LENGTH)


def take_sequence(key: bytes, visit_type: str, *, is_make_up: bool) -> Command:
    """Give the key its number and open its visit record, in one step; a known key gets its old number again.

    Answer: the number (4 digits). Costs one use when it is new.
    """
    return _put(Tag.TAKE_SEQUENCE, _opening(key, visit_type, is_make_up=is_make_up))


def open_visit(key: bytes, visit_type: str, *, is_make_up: bool) -> Command:
    """Open a visit record of a type that takes no number; nothing happens to a known key."""
    return _put(Tag.OPEN_VISIT, _opening(key, visit_type, is_make_up=is_make_up))


def write_visit(record: VisitRecord) -> Command:
    """Fill the open visit record; its number must be the one taken."""
    return _put(Tag.WRITE_VISIT, record.encode())


def write_diagnoses(key: bytes, record: DiagnosisRecord) -> Command:
    return _put(Tag.WRITE_DIAGNOSES, key + record.encode())


def commit_visit(key: bytes) -> Command:
    """Make the open, filled visit record closed; refused for one that is closed already."""
    return _put(Tag.COMMIT_VISIT, key)


def begin_orders(key: bytes, count: int) -> Command:
    """Make room for ``count`` order records of a closed visit."""
    return _put(Tag.BEGIN_ORDERS, key + put_number(count, 2))


def write_orders(key: bytes, first: int, records: Sequence[OrderRecord]) -> Command:
    """Append up to three order records; ``first`` must be the number of those already there."""
    return _put(
        Tag.WRITE_ORDERS, key + put_number(first, 2) + b"".join(record.encode() for record in records)
    )


def commit_orders(key: bytes, digest: bytes) -> Command:
    """Close the orders of a visit, if all are there and their SHA-256 is ``digest``."""
    return _put(Tag.COMMIT_ORDERS, key + digest)


def update(uses_left: int, valid_until: dt.date) -> Command:
    """卡片更新: set uses left and validity."""
    return _put(Tag.UPDATE, put_number(uses_left, 2) + roc_date(valid_until).encode("ascii"))


def diversification(card_no: str) -> bytes:
    """The 10 bytes by which a host finds this card's keys: a realm mark and the number in BCD."""
    return b"VBT1" + bytes.fromhex(card_no)


def card_no_of(diversification_data: bytes) -> str:
    """Inverse of :func:`diversification`. Raises CardError for a card of another realm."""
    number = diversification_data[4:].hex()
    if diversification_data[:4] != b"VBT1" or not number.isdigit():
        raise CardError("not a card of the test realm")
    return number


def _opening(key: bytes, visit_type: str, *, is_make_up: bool) -> bytes:
    mark = MAKE_UP_LATER if is_make_up else MAKE_UP_NORMAL
    return key + put_exact(visit_type, 2) + mark.encode("ascii")


def _split(raw: bytes, length: int) -> list[bytes]:
    if len(raw) % length:
        raise CardError("records cut off")
    return [raw[at : at + length] for at in range(0, len(raw), length)]


def _stage(mark: str) -> Stage:
    if mark not in _MARK_STAGES:
        raise CardError("unknown record state")
    return _MARK_STAGES[mark]
