"""One data set's file, open for searching."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from visitbridge.adapters.store import binding
from visitbridge.adapters.store.catalogue import terms
from visitbridge.adapters.store.catalogue.build import FORMAT, Tier
from visitbridge.errors import StoreDamaged
from visitbridge.ports.catalogue import SearchHit
from visitbridge.ports.records import DataSetRecord
from visitbridge.protocols.datacentre.uploads import DataSetRow

_ROW: Final = msgspec.json.Decoder(DataSetRow)
_RECORD: Final = msgspec.json.Decoder(DataSetRecord)
_TIERS: Final = (Tier.FAVOURITE, Tier.BILLABLE, Tier.HEADING)
_AFTER_ALL: Final = "\U0010ffff"

_FIRST: Final = "SELECT content FROM rows ORDER BY tier, code_key LIMIT ?"
_EXACT: Final = "SELECT content FROM rows WHERE tier IN (0, 1, 2) AND code_key = ?"
_CODES: Final = """
    SELECT content FROM rows WHERE tier = ? AND code_key >= ? AND code_key < ? ORDER BY code_key LIMIT ?"""
# Matches come by rowid, which is rank order, so reading may stop at any time.
_NAMES: Final = """
    SELECT rows.content FROM {found} CROSS JOIN rows ON rows.id = {found}.rowid
    WHERE {matches} ORDER BY {found}.rowid"""
_HAN: Final = "han MATCH :han"
_WORDS: Final = "words MATCH :words"
_HAN_AND_WORDS: Final = "han MATCH :han AND han.rowid IN (SELECT rowid FROM words WHERE words MATCH :words)"
_VOCABULARY: Final = "SELECT word FROM vocabulary WHERE word >= ? AND word < ? LIMIT ?"
_MOST_WORDS: Final = 400
_PREFERRED: Final = """
    AND rows.id IN (
        SELECT id FROM rows WHERE tier IN (0, 1, 2) AND code_key IN (SELECT value FROM json_each(:preferred))
    )"""

_Values = tuple[object, ...] | dict[str, str]


class Index:
    """Searches one data set. Raises StoreDamaged when the file is not what was built."""

    def __init__(self, path: Path) -> None:
        self._connection = binding.connect_immutable(path)
        try:
            (found,) = self._connection.execute("PRAGMA user_version").fetchone()
            if found != FORMAT:
                raise StoreDamaged(f"data set file of format {found}")
            (content,) = self._connection.execute("SELECT content FROM info").fetchone()
            self.record: Final = _RECORD.decode(content)
        except binding.VendorError as exc:
            self._connection.close()
            raise binding.translate(exc, path) from exc
        except BaseException:
            self._connection.close()
            raise
        self._path = path

    def close(self) -> None:
        self._connection.close()

    def get(self, code: str) -> DataSetRow | None:
        for row in self._contents(_EXACT, (terms.code_key(code),)):
            if row.code == code:
                return row
        return None

    def search(self, text: str, *, preferred: Collection[str], limit: int) -> list[SearchHit]:
        """The best ``limit`` rows: exact code, codes it begins, preferred names, names."""
        hits: dict[str, SearchHit] = {}
        liked = set(preferred)
        for row in self._ranked(text, liked, limit):
            if len(hits) == limit:
                break
            favourite = row.code in liked or row.attributes.get("favourite") == "1"
            hits.setdefault(row.code, SearchHit(row=row, favourite=favourite))
        return list(hits.values())

    def _ranked(self, text: str, liked: set[str], limit: int) -> Iterator[DataSetRow]:
        if not text.strip():
            for code in sorted(liked):
                yield from self._contents(_EXACT, (terms.code_key(code),))
            yield from self._contents(_FIRST, (limit,))
            return
        query = terms.parse(text)
        if query.code:
            yield from self._contents(_EXACT, (query.code,))
            for tier in _TIERS:
                yield from self._contents(_CODES, (tier, query.code, query.code + _AFTER_ALL, limit))
        if query.han or query.words:
            if liked:
                yield from self._named(query, liked)
            yield from self._named(query)

    def _named(self, query: terms.Query, liked: set[str] | None = None) -> Iterator[DataSetRow]:
        matches = _WORDS
        if query.han:
            matches = _HAN_AND_WORDS if query.words else _HAN
        values = {"han": query.han, "words": " AND ".join(map(self._any_word, query.words))}
        if liked is not None:
            matches += _PREFERRED
            values["preferred"] = json.dumps([terms.code_key(code) for code in liked])
        sql = _NAMES.format(found="han" if query.han else "words", matches=matches)
        return (row for row in self._contents(sql, values) if query.accepts(row.name_zh))

    def _any_word(self, start: str) -> str:
        """The FTS5 expression for the words that begin so.

        Named one by one, their postings are merged only as far as the hits that are wanted; the index's own
        prefix search merges all of them first. A single letter stands for itself: it begins too many.
        """
        if len(start) == 1:
            return terms.quoted(start)
        words = [word for (word,) in self._rows(_VOCABULARY, (start, start + _AFTER_ALL, _MOST_WORDS + 1))]
        if len(words) > _MOST_WORDS:
            return terms.quoted(start) + "*"
        return f"({' OR '.join(map(terms.quoted, words or [start]))})"

    def _contents(self, sql: str, values: _Values) -> Iterator[DataSetRow]:
        return (_ROW.decode(content) for (content,) in self._rows(sql, values))

    def _rows(self, sql: str, values: _Values) -> Iterator[tuple[Any, ...]]:
        try:
            yield from self._connection.execute(sql, values)
        except binding.VendorError as exc:
            raise binding.translate(exc, self._path) from exc
