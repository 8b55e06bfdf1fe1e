"""What the monitor asks pcscd, in the terms of pcscd's releases that are not installed here, and what it gives back."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from tests.patience import PATIENCE_S
from visitbridge.adapters.pcsc import binding
from visitbridge.adapters.pcsc.binding import PNP_READER, SlotStatus
from visitbridge.adapters.pcsc.monitor import Monitor
from visitbridge.adapters.pcsc.slots import SlotBook
from visitbridge.ports.cards import ReaderState

# SCARD_STATE_CHANGED, SCARD_STATE_EMPTY, and SCARD_STATE_UNKNOWN with SCARD_STATE_UNAVAILABLE (pcsclite.h).
CHANGED, EMPTY, GONE = 0x02, 0x10, 0x0C
NAMES = ["ACS ACR38U 00 00", "ACS ACR38U 01 00"]


class Pcscd:
    """Has as many readers as ``names``; ``told`` is what it answers to one question after the other."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, names: list[list[str]]) -> None:
        self.names = names
        self.told: list[list[SlotStatus]] = []
        self.asked: list[dict[str, int]] = []
        self.held: set[int] = set()
        self.may_establish = threading.Event()
        self.is_asked_for_context = threading.Event()
        self.may_establish.set()
        for name in ("establish_context", "list_readers", "wait_change", "cancel", "release_context"):
            monkeypatch.setattr(binding, name, getattr(self, name))

    def establish_context(self) -> int:
        self.is_asked_for_context.set()
        self.may_establish.wait(PATIENCE_S)
        self.held.add(7)
        return 7

    def list_readers(self, context: int) -> list[str]:
        return self.names.pop(0) if len(self.names) > 1 else self.names[0]

    def wait_change(
        self, context: int, believed: Sequence[tuple[str, int]], timeout_ms: int
    ) -> list[SlotStatus]:
        self.asked.append(dict(believed))
        return self.told.pop(0) if self.told else []

    def cancel(self, context: int) -> None:
        pass

    def release_context(self, context: int) -> None:
        self.held.discard(context)


async def test_the_number_of_changes_that_pcscd_told_is_what_it_is_asked_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """pcscd from 2.3 on answers at once, each time, to a number that is not its own."""
    pcscd = Pcscd(monkeypatch, [NAMES])
    pcscd.told = [[SlotStatus(PNP_READER, 3 << 16 | CHANGED, b"")], []]
    monitor = Monitor(SlotBook(allow_virtual=False))
    for _ in range(2):
        await monitor.next_changes()
    await monitor.close()
    assert [question[PNP_READER] for question in pcscd.asked] == [0, 3 << 16]


async def test_a_reader_that_left_while_another_came_is_seen_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as before, so that a count of them tells nothing."""
    other = "Feitian R502 01 00"
    pcscd = Pcscd(monkeypatch, [NAMES[:1], NAMES[:1], [other]])
    pcscd.told = [
        [SlotStatus(NAMES[0], EMPTY | CHANGED, b"")],
        [SlotStatus(NAMES[0], GONE | CHANGED, b"")],
        [SlotStatus(other, EMPTY | CHANGED, b"")],
    ]
    book = SlotBook(allow_virtual=False)
    monitor = Monitor(book)
    for _ in range(3):
        await monitor.next_changes()
    await monitor.close()
    assert {info.name: info.state for info in book.infos()} == {
        "ACS ACR38U": ReaderState.UNAVAILABLE,
        "Feitian R502": ReaderState.EMPTY,
    }


async def test_a_watch_that_ends_while_pcscd_is_called_gives_back_what_it_got(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A context that nobody knows of would keep pcscd there for good."""
    pcscd = Pcscd(monkeypatch, [NAMES])
    pcscd.may_establish.clear()
    monitor = Monitor(SlotBook(allow_virtual=False))
    watching = asyncio.create_task(monitor.next_changes())
    await asyncio.to_thread(pcscd.is_asked_for_context.wait, 10)
    watching.cancel()
    closing = asyncio.create_task(monitor.close())
    pcscd.may_establish.set()
    await closing
    assert watching.cancelled()
    assert pcscd.held == set()
