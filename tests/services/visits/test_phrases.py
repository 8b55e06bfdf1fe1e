"""常用詞句: kept on the box, newest first, none twice (M04, M05, M19)."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from visitbridge.adapters.store import open_store
from visitbridge.errors import FieldInvalid, NotFound
from visitbridge.ports.store import Store
from visitbridge.services.visits.phrases import MOST_PHRASES, PhraseBook, TextField
from visitbridge.sim.clock import FakeClock


def book_in(store: Store) -> PhraseBook:
    numbers = itertools.count(1)
    return PhraseBook(store, new_id=lambda: f"phrase-{next(numbers)}")


async def texts(book: PhraseBook, field: TextField = TextField.SUBJECTIVE) -> list[str]:
    return [phrase.text for phrase in await book.of(field)]


async def test_M04_phrases_come_back_after_a_restart_newest_first(tmp_path: Path) -> None:
    async with open_store(tmp_path / "box.db", bytes(32), clock=FakeClock()) as store:
        book = book_in(store)
        await book.add(TextField.SUBJECTIVE, "咳嗽")
        await book.add(TextField.SUBJECTIVE, " 頭暈 ")
    async with open_store(tmp_path / "box.db", bytes(32), clock=FakeClock()) as store:
        assert await texts(book_in(store)) == ["頭暈", "咳嗽"]


async def test_M05_M19_each_field_has_its_own(store: Store) -> None:
    book = book_in(store)
    await book.add(TextField.OBJECTIVE, "雙肺呼吸音清")
    await book.add(TextField.SPECIAL_NOTE, "家屬已了解")
    assert await texts(book) == []
    assert await texts(book, TextField.OBJECTIVE) == ["雙肺呼吸音清"]
    assert await texts(book, TextField.SPECIAL_NOTE) == ["家屬已了解"]


async def test_a_phrase_that_is_there_comes_to_the_front(store: Store) -> None:
    book = book_in(store)
    first, _ = [await book.add(TextField.SUBJECTIVE, text) for text in ("咳嗽", "頭暈")]
    again = await book.add(TextField.SUBJECTIVE, "咳嗽")
    assert await texts(book) == ["咳嗽", "頭暈"]
    assert again[0] == first[0]


async def test_what_was_removed_is_gone_and_only_that(store: Store) -> None:
    book = book_in(store)
    await book.add(TextField.OBJECTIVE, "傷口乾淨")
    kept = await book.add(TextField.SUBJECTIVE, "咳嗽")
    await book.remove(kept[0].phrase_id)
    assert await texts(book) == []
    assert await texts(book, TextField.OBJECTIVE) == ["傷口乾淨"]
    with pytest.raises(NotFound):
        await book.remove(kept[0].phrase_id)


async def test_blanks_and_one_too_many_are_refused(store: Store) -> None:
    book = book_in(store)
    with pytest.raises(FieldInvalid):
        await book.add(TextField.SUBJECTIVE, "  \n")
    for number in range(MOST_PHRASES):
        await book.add(TextField.SUBJECTIVE, f"句子 {number}")
    with pytest.raises(FieldInvalid):
        await book.add(TextField.SUBJECTIVE, "又一句")
    await book.add(TextField.SUBJECTIVE, "句子 7")
    assert len(await texts(book)) == MOST_PHRASES
