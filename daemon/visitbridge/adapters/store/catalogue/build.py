"""Builds the file of one data set from its lines: whole and checked, or not at all."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

import msgspec

from visitbridge.adapters.store import binding
from visitbridge.adapters.store.catalogue import terms
from visitbridge.adapters.store.files import sync
from visitbridge.errors import FieldInvalid
from visitbridge.ports.records import DataSetRecord
from visitbridge.protocols.datacentre.uploads import DataSetInfo, DataSetRow

FORMAT: Final = 1
"""``user_version`` of the files. A file of another format is as good as not there: it is loaded anew."""

_LINE: Final = msgspec.json.Decoder(DataSetRow)
_ENCODER: Final = msgspec.json.Encoder()

_SCHEMA: Final = (
    "CREATE TABLE info (content BLOB NOT NULL)",
    "CREATE TABLE rows (id INTEGER PRIMARY KEY, tier INTEGER NOT NULL, code_key TEXT NOT NULL, content BLOB NOT NULL)",
    "CREATE VIRTUAL TABLE han USING fts5(terms, content='', columnsize=0, detail=none, tokenize='ascii', prefix='1')",
    "CREATE VIRTUAL TABLE words USING fts5(terms, content='', columnsize=0, detail=none, tokenize='ascii')",
    "CREATE TABLE vocabulary (word TEXT PRIMARY KEY) WITHOUT ROWID",
    "CREATE TABLE arrived (code TEXT PRIMARY KEY, tier INTEGER, length INTEGER, content BLOB)",
)
_FINISH: Final = (
    "DROP TABLE arrived",
    "CREATE INDEX rows_by_code ON rows (tier, code_key)",
    "INSERT INTO han (han) VALUES ('optimize')",
    "INSERT INTO words (words) VALUES ('optimize')",
)


class Tier:
    """Which of several hits goes first: what the institution marked, then what can be billed, then headings."""

    FAVOURITE = 0
    BILLABLE = 1
    HEADING = 2


_DIFFERENCE: Final = """
    WITH former AS (
        SELECT json_extract(CAST(content AS TEXT), '$.code') AS code, content FROM former.rows
    )
    SELECT
        (SELECT count(*) FROM arrived WHERE code NOT IN (SELECT code FROM former)),
        (SELECT count(*) FROM former WHERE code NOT IN (SELECT code FROM arrived)),
        (SELECT count(*) FROM former JOIN arrived USING (code) WHERE former.content != arrived.content)"""


def build(
    info: DataSetInfo, lines: Path, record: DataSetRecord, target: Path, *, former: Path | None = None
) -> DataSetRecord:
    """Write the file of a data set, on disk when this returns; ``target`` must not exist.

    ``former``: the sound file that it will take the place of; the record that comes back tells how they differ. Raises
    FieldInvalid naming what is wrong with the lines, and the vendor's errors for the disk.
    """
    connection = binding.connect_plain(target)
    try:
        # Nobody reads the file before it is complete and synced, so there is nothing to roll back.
        connection.execute("PRAGMA journal_mode=OFF")
        connection.execute("PRAGMA synchronous=OFF")
        if former is not None:
            connection.execute("ATTACH ? AS former", (str(former),))
        connection.execute("BEGIN")
        for statement in _SCHEMA:
            connection.execute(statement)
        _take_in(connection, info, lines)
        if former is not None:
            record = _compared(connection, record)
        connection.execute("INSERT INTO info VALUES (?)", (_ENCODER.encode(record),))
        _index(connection)
        for statement in _FINISH:
            connection.execute(statement)
        connection.execute("COMMIT")
        if former is not None:
            connection.execute("DETACH former")
        connection.execute(f"PRAGMA user_version={FORMAT}")
        # Merging the index left as many free pages as it uses.
        connection.execute("VACUUM")
    finally:
        connection.close()
    sync(target)
    return record


def _compared(connection: binding.Connection, record: DataSetRecord) -> DataSetRecord:
    (content,) = connection.execute("SELECT content FROM former.info").fetchone()
    previous = msgspec.json.decode(content, type=DataSetRecord).version
    added, removed, changed = connection.execute(_DIFFERENCE).fetchone()
    return msgspec.structs.replace(record, previous=previous, added=added, removed=removed, changed=changed)


def _take_in(connection: binding.Connection, info: DataSetInfo, lines: Path) -> None:
    digest = hashlib.sha256()
    number = 0
    with lines.open("rb") as file:
        for number, line in enumerate(file, 1):
            digest.update(line)
            try:
                row = _LINE.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError) as exc:
                raise FieldInvalid(f"{info.name}: {exc}", field=f"line[{number}]") from exc
            arrived = connection.execute(
                "INSERT OR IGNORE INTO arrived VALUES (?, ?, ?, ?)",
                (row.code, _tier(row), len(row.name_zh or row.name_en), _ENCODER.encode(row)),
            )
            if arrived.rowcount != 1:
                raise FieldInvalid(f"{info.name}: a code comes twice", field=f"line[{number}].code")
    if number != info.rows:
        raise FieldInvalid(f"{info.name}: {number} rows instead of {info.rows}", field="rows")
    if digest.hexdigest() != info.sha256:
        raise FieldInvalid(f"{info.name}: the file is not the one that was announced", field="sha256")


def _index(connection: binding.Connection) -> None:
    """Number the rows best first, so that a search may stop at its first hits."""
    vocabulary: set[str] = set()
    arrived = connection.execute("SELECT tier, content FROM arrived ORDER BY tier, length, code")
    for at, (tier, content) in enumerate(arrived):
        row = _LINE.decode(content)
        chinese = terms.tokens(row.name_zh)
        connection.execute(
            "INSERT INTO rows VALUES (?, ?, ?, ?)", (at, tier, terms.code_key(row.code), content)
        )
        connection.execute(
            "INSERT INTO han (rowid, terms) VALUES (?, ?)", (at, " ".join(terms.han_terms(chinese)))
        )
        words = terms.word_terms(terms.tokens(row.name_en) + chinese)
        connection.execute("INSERT INTO words (rowid, terms) VALUES (?, ?)", (at, " ".join(words)))
        vocabulary.update(words)
    connection.executemany("INSERT INTO vocabulary VALUES (?)", ((word,) for word in sorted(vocabulary)))


def _tier(row: DataSetRow) -> int:
    if row.attributes.get("favourite") == "1":
        return Tier.FAVOURITE
    return Tier.BILLABLE if row.billable else Tier.HEADING
