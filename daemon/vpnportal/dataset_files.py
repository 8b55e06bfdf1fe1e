"""Code tables as CSV, checked row by row and turned into the rows that boxes download (nhi-domain §8.6)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from visitbridge.errors import FieldInvalid
from visitbridge.protocols.datacentre.uploads import DataSetRow

CODE_LENGTH = 20
TEXT_LENGTH = 4000

_NAMES = {"name_zh", "name_en", "display", "name"}
_COLUMN = re.compile(r"[a-z][a-z0-9_]*")
_CJK = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

STARTER = Path(__file__).parent / "starter"
"""Small sets that were written for this project, one ``NAME.csv`` each."""


def read_csv(path: Path) -> tuple[DataSetRow, ...]:
    """Every row of a table with a header.

    ``code`` is required, and a name: ``name_zh`` / ``name_en``, or ``display`` (``name``), which counts as Chinese
    when it holds a Chinese character. ``billable`` is 0 or 1. Any other column becomes an attribute. Raises
    FieldInvalid with ``file:line:column`` as its field; nothing is guessed, cut or skipped.
    """
    text = _text_of(path)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: dict[str, DataSetRow] = {}
    line = 1
    try:
        header = _header(path, next(reader, []))
        line = reader.line_num + 1
        for cells in reader:
            row = _row(path, line, header, cells)
            if row.code in rows:
                raise _fault(path, line, "code", f"{row.code} stands here a second time")
            rows[row.code] = row
            line = reader.line_num + 1
    except csv.Error as exc:
        raise _fault(path, line, "", f"not CSV: {exc}") from exc
    if not rows:
        raise _fault(path, line, "", "there are no rows")
    return tuple(rows.values())


def with_starter(name: str, rows: Iterable[DataSetRow]) -> tuple[DataSetRow, ...]:
    """``rows``, and those of our starter set whose codes they lack.

    For tables that are published incomplete, such as the frequencies without QD and BID (nhi-domain §4.5).
    """
    given = tuple(rows)
    codes = {row.code for row in given}
    path = STARTER / f"{name}.csv"
    extra = read_csv(path) if path.exists() else ()
    return given + tuple(row for row in extra if row.code not in codes)


def starter_names() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in STARTER.glob("*.csv")))


def _text_of(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as exc:
        raise FieldInvalid(f"cannot be read: {exc.strerror}", field=path.name) from exc
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise _fault(path, data.count(b"\n", 0, exc.start) + 1, "", "not UTF-8") from exc


def _header(path: Path, cells: list[str]) -> list[str]:
    header = [cell.strip() for cell in cells]
    if "code" not in header:
        raise _fault(path, 1, "code", "the header has no such column")
    if not _NAMES & set(header):
        raise _fault(path, 1, "name_zh", "the header has no column with a name")
    for column in header:
        if not _COLUMN.fullmatch(column):
            raise _fault(path, 1, column, "a column name is lower-case letters, digits and _")
        if header.count(column) > 1:
            raise _fault(path, 1, column, "the column stands twice in the header")
    return header


def _row(path: Path, line: int, header: list[str], cells: list[str]) -> DataSetRow:
    if len(cells) != len(header):
        raise _fault(path, line, "", f"{len(cells)} cells where the header has {len(header)}")
    values = {column: cell.strip() for column, cell in zip(header, cells, strict=True)}
    for column, value in values.items():
        if _CONTROL.search(value):
            raise _fault(path, line, column, "holds a control character")
        if len(value) > TEXT_LENGTH:
            raise _fault(path, line, column, f"longer than {TEXT_LENGTH}")
    code = values.pop("code")
    if not 1 <= len(code) <= CODE_LENGTH:
        raise _fault(path, line, "code", f"needs 1 to {CODE_LENGTH} characters")
    if any(character.isspace() for character in code):
        raise _fault(path, line, "code", "holds a space")
    billable = values.pop("billable", "1")
    if billable not in {"0", "1"}:
        raise _fault(path, line, "billable", "must be 0 or 1")
    name_zh, name_en = _names(values)
    if not (name_zh or name_en):
        raise _fault(path, line, "name_zh", "the row has no name")
    attributes = {column: value for column, value in values.items() if value and column not in _NAMES}
    return DataSetRow(
        code=code, name_zh=name_zh, name_en=name_en, billable=billable == "1", attributes=attributes
    )


def _names(values: Mapping[str, str]) -> tuple[str, str]:
    name_zh, name_en = values.get("name_zh", ""), values.get("name_en", "")
    shown = values.get("display") or values.get("name", "")
    if _CJK.search(shown):
        return name_zh or shown, name_en
    return name_zh, name_en or shown


def _fault(path: Path, line: int, column: str, detail: str) -> FieldInvalid:
    where = [path.name, str(line), column] if column else [path.name, str(line)]
    return FieldInvalid(detail, field=":".join(where))


def public_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Name of the data set and file, for the published tables that are in ``folder``."""
    for name, file in _PUBLIC.items():
        if (folder / file).exists():
            yield name, folder / file


_PUBLIC = {
    "icd10": "icd10cm_2023_tw.csv",
    "drugs": "nhi_drug_codes_pas.csv",
    "departments": "nhi_department.csv",
    "routes": "nhi_med_route.csv",
    "frequencies": "nhi_med_frequency.csv",
    "case_types": "nhi_empd_CaseType.csv",
    "payment_categories": "nhi_empd_PaymentCategory.csv",
    "visit_types": "visit_type_codes.csv",
    "copay": "nhi_empd_PartCode.csv",
    "dispensing": "nhi_empd_DispenseType.csv",
}
"""Files of the public code tables (nhi-domain §8.6) by the data set that they fill.

The fee schedule is left out: its published copy has a row without a name, which an import refuses.
"""

COMPLETE_IN_PUBLIC = frozenset({"icd10", "drugs"})
"""Published tables that need nothing of ours."""
