"""對帳清單 for a spreadsheet: one line for each visit; UTF-8 with a mark, so that Excel reads it. The layout is this project's own."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Final

from visitbridge.protocols.visit_export.csv_table import as_text

COLUMNS: Final = (
    *("visit_id", "visit_at", "patient_name", "card_no", "sequence_no", "card", "vpn", "ic"),
    *(
        f"{kind}.{part}"
        for kind in ("card.write_visit", "card.write_prescription", "upload.visit", "upload.ic")
        for part in ("receipt", "accepted_at", "digest")
    ),
)


def encode(visits: Iterable[Mapping[str, str]]) -> bytes:
    """The whole table, header first; cells by the names of :data:`COLUMNS`, others are left out."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for visit in visits:
        writer.writerow(as_text(visit.get(name, "")) for name in COLUMNS)
    return text.getvalue().encode("utf-8-sig")
