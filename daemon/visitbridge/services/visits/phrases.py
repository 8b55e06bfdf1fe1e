"""常用詞句: what a team writes often, kept on the box for the free texts of a visit (M04, M05, M19)."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from visitbridge.errors import FieldInvalid, NotFound
from visitbridge.ports.store import Store, Transaction

MOST_PHRASES: Final = 200
"""For each field; a list that nobody can look through helps nobody."""


class TextField(enum.StrEnum):
    """The free texts of a visit, by their names in its content."""

    SUBJECTIVE = "subjective"
    OBJECTIVE = "objective"
    SPECIAL_NOTE = "special_note"


class Phrase(msgspec.Struct, frozen=True, kw_only=True):
    phrase_id: str
    text: Annotated[str, Meta(min_length=1, max_length=500)]


class PhraseBook:
    """``new_id`` mints ids."""

    def __init__(self, store: Store, *, new_id: Callable[[], str]) -> None:
        self._store = store
        self._new_id = new_id

    async def of(self, field: TextField) -> tuple[Phrase, ...]:
        """Newest first."""
        return await self._store.read(lambda tx: _read(tx, field))

    async def add(self, field: TextField, text: str) -> tuple[Phrase, ...]:
        """Keep a phrase; one that is there already comes to the front.

        Durable when it returns the list as it is now. Raises FieldInvalid for one without letters, or one too many.
        """
        phrase = text.strip()
        if not phrase:
            raise FieldInvalid("nothing to keep", field="text")

        def work(tx: Transaction) -> tuple[Phrase, ...]:
            before = _read(tx, field)
            same = next((one for one in before if one.text == phrase), None)
            if same is None and len(before) >= MOST_PHRASES:
                raise FieldInvalid(
                    "too many phrases", field="text", params={"rule": "phrases", "most": MOST_PHRASES}
                )
            first = same or Phrase(phrase_id=self._new_id(), text=phrase)
            return _write(tx, field, (first, *(one for one in before if one != same)))

        return await self._store.write(work)

    async def remove(self, phrase_id: str) -> None:
        """Raises NotFound."""

        def work(tx: Transaction) -> None:
            for field in TextField:
                before = _read(tx, field)
                rest = tuple(one for one in before if one.phrase_id != phrase_id)
                if rest != before:
                    _write(tx, field, rest)
                    return
            raise NotFound("phrase", field="phrase_id")

        await self._store.write(work)


def _read(tx: Transaction, field: TextField) -> tuple[Phrase, ...]:
    text = tx.settings.get(_key(field))
    return () if text is None else msgspec.json.decode(text, type=tuple[Phrase, ...])


def _write(tx: Transaction, field: TextField, phrases: tuple[Phrase, ...]) -> tuple[Phrase, ...]:
    tx.settings.set(_key(field), msgspec.json.encode(phrases).decode())
    return phrases


def _key(field: TextField) -> str:
    return f"visits.phrases.{field.value}"
