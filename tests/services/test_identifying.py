"""健保卡讀取方式: what a phone shows first, kept for that phone alone and for as long as it is paired (H03, I01, S05, S06)."""

from __future__ import annotations

import msgspec
import pytest

from visitbridge.ports.store import Store
from visitbridge.services.identifying import IdentifyBook, IdentifyBy, IdentifyTopic
from visitbridge.services.live import LiveBoard
from visitbridge.services.topics import PerPhone


@pytest.fixture
def paired() -> set[str]:
    return {"p1", "p2"}


async def opened(store: Store, paired: set[str]) -> tuple[IdentifyBook, LiveBoard]:
    """A book as a box that has just started has it."""
    board = LiveBoard()
    book = IdentifyBook(store, board, paired.__contains__)
    await book.load()
    return book, board


def shown(board: LiveBoard, phone_id: str) -> msgspec.Struct:
    value = board.snapshot()["identify"]
    assert isinstance(value, PerPhone)
    return value.for_phone(phone_id)


async def test_H03_a_phone_that_chose_nothing_begins_with_the_card(store: Store, paired: set[str]) -> None:
    _, board = await opened(store, paired)

    assert shown(board, "p1") == IdentifyTopic(by=IdentifyBy.CARD)


@pytest.mark.parametrize(
    "by",
    [
        pytest.param(IdentifyBy.VIRTUAL_CARD, id="S05"),
        pytest.param(IdentifyBy.PHOTO, id="S06 I01"),
    ],
)
async def test_S05_S06_a_choice_is_one_phones_own_and_outlives_a_restart(
    store: Store, paired: set[str], by: IdentifyBy
) -> None:
    book, board = await opened(store, paired)
    await book.choose("p1", by)
    _, after_restart = await opened(store, paired)

    for seen in (board, after_restart):
        assert (shown(seen, "p1"), shown(seen, "p2")) == (
            IdentifyTopic(by=by),
            IdentifyTopic(by=IdentifyBy.CARD),
        )


async def test_a_removed_phones_choice_goes_with_the_next_one(store: Store, paired: set[str]) -> None:
    book, board = await opened(store, paired)
    await book.choose("p1", IdentifyBy.PHOTO)
    paired.remove("p1")
    await book.choose("p2", IdentifyBy.VIRTUAL_CARD)

    assert shown(board, "p1") == IdentifyTopic(by=IdentifyBy.CARD)
