"""The rules of the test applet: what each command does to the card's memory (docs/test-applet.md).

Each command happens as a whole or not at all; a sequence of commands does not. A card knows nothing of insurance
rules: it refuses only what would damage its own records.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from visitbridge.errors import CardError, FieldInvalid
from visitbridge.protocols.apdu import Command, Response, StatusWord
from visitbridge.protocols.nhi import applet
from visitbridge.protocols.nhi.applet import KEY_LENGTH, RECORDS_PER_COMMAND, RecordState, Tag
from visitbridge.protocols.nhi.fixed import FieldReader, put_number
from visitbridge.protocols.nhi.records import (
    ORDER_CAPACITY,
    DiagnosisRecord,
    LastSequence,
    OrderRecord,
    Register,
    VisitRecord,
)
from visitbridge.sim.card.nhi_memory import NhiMemory, VisitEntry

_HIGHEST_NUMBER = 9999


class Refused(Exception):
    """The applet refuses a command with ``status``; nothing was changed."""

    def __init__(self, status: StatusWord) -> None:
        super().__init__(f"{status:04X}")
        self.status = status


def answer(command: Command, memory: NhiMemory, register: Register) -> Response:
    """Carry out one command, already out of the secure channel, on ``memory``.

    ``register``: what the card answers about its holder at this moment.
    """
    tag = command.p1 << 8 | command.p2
    try:
        if command.ins in (applet.GET_DATA, applet.GET_DATA_BY_KEY):
            if tag == Tag.REGISTER:
                return Response(register.encode(), StatusWord.OK)
            return Response(_lookup(_READS, tag)(memory, command.data), StatusWord.OK)
        if command.ins == applet.PUT_DATA:
            return Response(_lookup(_WRITES, tag)(memory, command.data), StatusWord.OK)
    except Refused as refused:
        return Response(b"", refused.status)
    except (CardError, FieldInvalid, UnicodeDecodeError):
        return Response(b"", StatusWord.WRONG_DATA)
    return Response(b"", StatusWord.INSTRUCTION_NOT_SUPPORTED)


Handler = Callable[[NhiMemory, bytes], bytes]


def _lookup(handlers: dict[Tag, Handler], tag: int) -> Handler:
    try:
        return handlers[Tag(tag)]
    except (ValueError, KeyError):
        raise Refused(StatusWord.DATA_NOT_FOUND) from None


def _last_sequence(memory: NhiMemory, _: bytes) -> bytes:
    year = max(memory.last_numbers, default="000")
    return LastSequence(roc_year=int(year), number=memory.last_numbers.get(year, 0)).encode()


def _counts(memory: NhiMemory, _: bytes) -> bytes:
    return put_number(len(memory.closed_visits()), 2) + put_number(len(memory.closed_orders()), 2)


def _state(memory: NhiMemory, data: bytes) -> bytes:
    entry = memory.entry(data.decode("ascii"))
    if entry is None:
        return RecordState(visit="absent", orders="absent").encode()
    return RecordState(
        visit=entry.visit,
        orders=entry.orders_stage,
        sequence_no=entry.sequence_no,
        has_record=bool(entry.record),
        has_diagnoses=bool(entry.diagnoses),
        orders_expected=entry.orders_expected,
        orders_written=entry.orders_written,
        orders_digest=_orders_digest(entry),
    ).encode()


def _visit(memory: NhiMemory, data: bytes) -> bytes:
    entry = memory.entry(data.decode("ascii"))
    if entry is None or not entry.record:
        raise Refused(StatusWord.RECORD_NOT_FOUND)
    return (entry.record + entry.diagnoses).encode("ascii")


def _visits(memory: NhiMemory, data: bytes) -> bytes:
    return _page(memory.closed_visits(), data)


def _orders(memory: NhiMemory, data: bytes) -> bytes:
    return _page(memory.closed_orders(), data)


def _page(records: list[str], data: bytes) -> bytes:
    first = FieldReader(data, 2).number(2, "first")
    return "".join(records[first : first + RECORDS_PER_COMMAND]).encode("ascii")


def _take_sequence(memory: NhiMemory, data: bytes) -> bytes:
    key = data[:KEY_LENGTH].decode("ascii")
    known = memory.entry(key)
    if known is not None:
        if not known.sequence_no:
            raise Refused(StatusWord.CONDITIONS_NOT_SATISFIED)
        return known.sequence_no.encode("ascii")
    year = key[:3]
    number = memory.last_numbers.get(year, 0) + 1
    if not memory.uses_left:
        raise Refused(StatusWord.CONDITIONS_NOT_SATISFIED)
    if number > _HIGHEST_NUMBER:
        raise Refused(StatusWord.MEMORY_FULL)
    entry = _new_entry(memory, data, f"{number:04d}")
    memory.last_numbers[year] = number
    memory.uses_left -= 1
    entry.count("take_sequence")
    return entry.sequence_no.encode("ascii")


def _open_visit(memory: NhiMemory, data: bytes) -> bytes:
    known = memory.entry(data[:KEY_LENGTH].decode("ascii"))
    if known is None:
        _new_entry(memory, data, "").count("open_visit")
    elif known.sequence_no:
        raise Refused(StatusWord.CONDITIONS_NOT_SATISFIED)
    return b""


def _new_entry(memory: NhiMemory, data: bytes, sequence_no: str) -> VisitEntry:
    fields = FieldReader(data, KEY_LENGTH + 3)
    visit_time = fields.time("visit_time")
    if visit_time <= memory.forgotten_until or not memory.free_visit_slot():
        raise Refused(StatusWord.MEMORY_FULL)
    entry = VisitEntry(key=data[:KEY_LENGTH].decode("ascii"), sequence_no=sequence_no)
    memory.remember(entry)
    return entry


def _write_visit(memory: NhiMemory, data: bytes) -> bytes:
    record = VisitRecord.decode(data)
    entry = _open_entry(memory, applet.record_key(record.visit_time, record.institution))
    if record.sequence_no != entry.sequence_no:
        raise Refused(StatusWord.WRONG_DATA)
    entry.record = data.decode("ascii")
    entry.count("write_visit")
    return b""


def _write_diagnoses(memory: NhiMemory, data: bytes) -> bytes:
    entry = _open_entry(memory, data[:KEY_LENGTH])
    DiagnosisRecord.decode(data[KEY_LENGTH:])
    entry.diagnoses = data[KEY_LENGTH:].decode("ascii")
    entry.count("write_diagnoses")
    return b""


def _commit_visit(memory: NhiMemory, data: bytes) -> bytes:
    entry = _open_entry(memory, data)
    if not entry.record:
        raise Refused(StatusWord.CONDITIONS_NOT_SATISFIED)
    entry.visit = "closed"
    entry.count("commit_visit")
    return b""


def _open_entry(memory: NhiMemory, key: bytes) -> VisitEntry:
    entry = memory.entry(key.decode("ascii"))
    if entry is None:
        raise Refused(StatusWord.RECORD_NOT_FOUND)
    if entry.visit != "open":
        raise Refused(StatusWord.CONDITIONS_NOT_SATISFIED)
    return entry


def _begin_orders(memory: NhiMemory, data: bytes) -> bytes:
    entry = memory.entry(data[:KEY_LENGTH].decode("ascii"))
    count = FieldReader(data[KEY_LENGTH:], 2).number(2, "count")
    if entry is None:
        raise Refused(StatusWord.RECORD_NOT_FOUND)
    if entry.visit != "closed" or entry.orders_stage != "absent":
        raise Refused(StatusWord.CONDITIONS_NOT_SATISFIED)
    if count > ORDER_CAPACITY or not memory.free_order_slots(count):
        raise Refused(StatusWord.MEMORY_FULL)
    entry.orders_stage = "open"
    entry.orders_expected = count
    entry.count("begin_orders")
    return b""


def _write_orders(memory: NhiMemory, data: bytes) -> bytes:
    entry = _entry_with_open_orders(memory, data[:KEY_LENGTH])
    first = FieldReader(data[KEY_LENGTH : KEY_LENGTH + 2], 2).number(2, "first")
    records = applet.split_orders(data[KEY_LENGTH + 2 :])
    if any(OrderRecord.decode(record).visit_time != entry.visit_time for record in records):
        raise Refused(StatusWord.WRONG_DATA)
    if first != entry.orders_written:
        raise Refused(StatusWord.CONDITIONS_NOT_SATISFIED)
    if entry.orders_written + len(records) > entry.orders_expected:
        raise Refused(StatusWord.MEMORY_FULL)
    entry.orders += [record.decode("ascii") for record in records]
    entry.orders_written += len(records)
    entry.count("write_orders")
    return b""


def _commit_orders(memory: NhiMemory, data: bytes) -> bytes:
    entry = _entry_with_open_orders(memory, data[:KEY_LENGTH])
    if entry.orders_written != entry.orders_expected:
        raise Refused(StatusWord.CONDITIONS_NOT_SATISFIED)
    if data[KEY_LENGTH:] != _orders_digest(entry):
        raise Refused(StatusWord.WRONG_DATA)
    entry.orders_digest = _orders_digest(entry).hex()
    entry.orders_stage = "closed"
    entry.count("commit_orders")
    return b""


def _entry_with_open_orders(memory: NhiMemory, key: bytes) -> VisitEntry:
    entry = memory.entry(key.decode("ascii"))
    if entry is None:
        raise Refused(StatusWord.RECORD_NOT_FOUND)
    if entry.orders_stage != "open":
        raise Refused(StatusWord.CONDITIONS_NOT_SATISFIED)
    return entry


def _orders_digest(entry: VisitEntry) -> bytes:
    if entry.orders_digest:
        return bytes.fromhex(entry.orders_digest)
    return hashlib.sha256("".join(entry.orders).encode("ascii")).digest()


def _update(memory: NhiMemory, data: bytes) -> bytes:
    fields = FieldReader(data, 9)
    uses_left = fields.number(2, "uses_left")
    fields.date("valid_until")
    memory.uses_left = uses_left
    memory.valid_until = data[2:].decode("ascii")
    memory.updates += 1
    return b""


_READS: dict[Tag, Handler] = {
    Tag.LAST_SEQUENCE: _last_sequence,
    Tag.COUNTS: _counts,
    Tag.RECORD_STATE: _state,
    Tag.VISIT: _visit,
    Tag.VISITS: _visits,
    Tag.ORDERS: _orders,
}

_WRITES: dict[Tag, Handler] = {
    Tag.TAKE_SEQUENCE: _take_sequence,
    Tag.OPEN_VISIT: _open_visit,
    Tag.WRITE_VISIT: _write_visit,
    Tag.WRITE_DIAGNOSES: _write_diagnoses,
    Tag.COMMIT_VISIT: _commit_visit,
    Tag.BEGIN_ORDERS: _begin_orders,
    Tag.WRITE_ORDERS: _write_orders,
    Tag.COMMIT_ORDERS: _commit_orders,
    Tag.UPDATE: _update,
}
