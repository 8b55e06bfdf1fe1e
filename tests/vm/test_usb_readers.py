"""QEMU's USB readers with the guest's real libccid and pcscd: the reader contract, and hands that plug and pull.

Every test gets readers that were just plugged in, so that nothing of the one before is left in pcscd or on the wire.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract import test_readers as contract
from tests.contract.reader_benches import Bench
from tests.vm.guest import Guest
from tests.vm.readers import COUNT, LEFT_OUT, MODEL, MODEL_ID, card_port, names, plug_in, pull_out, wait_count
from tests.vm.vscard import PassedSlot
from tests.vm.wires import SOON_S
from visitbridge.adapters.pcsc.source import PcscReaders
from visitbridge.ports.cards import ReaderState
from visitbridge.sim.clock import FakeClock

globals().update({name: test for name, test in vars(contract).items() if name.startswith("test_")})


@pytest.fixture
def fresh_readers(pcscd: None, guest: Guest) -> None:
    """All readers out, and in again one after the other, so that they come in order."""
    for number in range(1, COUNT + 1):
        pull_out(guest, number)
    wait_count(0)
    for number in range(1, COUNT + 1):
        plug_in(guest, number, port=number)
        wait_count(number)


@pytest.fixture
async def bench(fresh_readers: None, folder: Path, clock: FakeClock) -> AsyncIterator[Bench]:
    slots = (
        PassedSlot(card_port(folder, 1), MODEL, f"pcsc-{MODEL_ID}-1-0"),
        PassedSlot(card_port(folder, 2), f"{MODEL} #2", f"pcsc-{MODEL_ID}-2-0"),
    )
    source = PcscReaders(clock)
    async with contextlib.AsyncExitStack() as stack:
        for slot in slots:
            await stack.enter_async_context(slot.open())
        stack.push_async_callback(source.close)
        bench = Bench(source, slots, clock, are_virtual=False, soon_s=SOON_S)
        await stack.enter_async_context(bench.watched())
        yield bench


async def test_a_reader_plugged_in_elsewhere_keeps_its_identity(bench: Bench, guest: Guest) -> None:
    """Its PC/SC name changes with the USB path; the box knows it again."""
    before = names()
    second = bench.reader_ids[1]
    pull_out(guest, 2)
    await bench.watching.wait_told(
        lambda info: info.reader_id == second and info.state is ReaderState.UNAVAILABLE
    )
    plug_in(guest, 2, port=3)
    await bench.watching.wait_told(lambda info: info.reader_id == second and info.state is ReaderState.EMPTY)
    assert len(names()) == len(before) == COUNT
    assert names() != before
    assert bench.reader_ids[1] == second


@pytest.mark.parametrize("name", LEFT_OUT)
def test_what_is_left_out_is_part_of_the_contract(name: str) -> None:
    tests = {known: test for known, test in vars(contract).items() if known.startswith("test_")}
    cases = {
        case
        for test in tests.values()
        for mark in getattr(test, "pytestmark", [])
        for case in mark.kwargs.get("ids", [])
    }
    assert name in tests.keys() | cases
