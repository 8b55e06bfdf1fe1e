"""A table for a spreadsheet: one line for each order, with its visit repeated; UTF-8 with a mark, so that Excel reads it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Final

from visitbridge.domain.roc import TAIPEI
from visitbridge.domain.visit import Order, Visit
from visitbridge.errors import FieldInvalid
from visitbridge.protocols.visit_export.transcript import Transcript

COLUMNS: Final = (
    *("visit_id", "visit_at", "institution", "practitioner", "patient_id", "patient_name", "birth_date"),
    *("sequence_no", "programme", "case_type", "department", "visit_type", "payment_category", "copay"),
    *("diagnoses", "subjective", "objective", "fee_points", "copay_points"),
    *(
        "order_no",
        "order_kind",
        "order_code",
        "order_name",
        "dose",
        "frequency",
        "route",
        "days",
        "total",
        "refills",
    ),
)

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so would be run by a spreadsheet; an apostrophe keeps it text."""


def encode(visits: Sequence[Transcript]) -> bytes:
    """The whole table, header first."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for found in visits:
        for row in _rows(found.visit):
            writer.writerow(map(as_text, row))
    return text.getvalue().encode("utf-8-sig")


def decode(data: bytes) -> list[dict[str, str]]:
    """Rows by column, without the apostrophes that keep formulas text. Raises FieldInvalid (``file``)."""
    try:
        reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        rows = list(reader)
    except (UnicodeDecodeError, csv.Error) as exc:
        raise FieldInvalid("not a table of visits", field="file") from exc
    if tuple(reader.fieldnames or ()) != COLUMNS or any(None in row or None in row.values() for row in rows):
        raise FieldInvalid("other columns", field="file")
    return [{name: _plain(value) for name, value in row.items()} for row in rows]


def _rows(visit: Visit) -> Iterator[tuple[str, ...]]:
    content, claim = visit.content, visit.content.claim
    head = (
        visit.visit_id,
        visit.visit_at.astimezone(TAIPEI).isoformat(timespec="seconds"),
        visit.institution.code,
        visit.practitioner.name,
        visit.patient.id_no,
        visit.patient.name,
        visit.patient.birth_date.isoformat(),
        visit.sequence.number if visit.sequence else "",
        content.programme,
        claim.case_type,
        claim.department,
        claim.visit_type,
        claim.payment_category,
        claim.copay,
        " ".join(diagnosis.code for diagnosis in content.diagnoses),
        content.subjective,
        content.objective,
        str(content.fee_points),
        str(content.copay_points),
    )
    if not content.orders:
        yield (*head, *[""] * (len(COLUMNS) - len(head)))
    for number, order in enumerate(content.orders, start=1):
        yield (*head, *_order(number, order))


def _order(number: int, order: Order) -> tuple[str, ...]:
    return (
        str(number),
        order.kind.value,
        order.code,
        order.name,
        f"{order.dose:g}",
        order.frequency,
        order.route,
        str(order.days),
        f"{order.total:g}",
        str(order.refills),
    )


def as_text(text: str) -> str:
    """A cell that no spreadsheet runs."""
    return f"'{text}" if text.startswith((*_FORMULA, "'")) else text


def _plain(text: str) -> str:
    return text.removeprefix("'")
