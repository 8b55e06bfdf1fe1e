"""Gives the reader contract a transport that only the guest has: two USB readers behind libccid and pcscd.

A pytest plugin: ``-p tests.vm.inside.usb`` makes it the only one that ``tests/contract/test_readers.py`` runs on.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract import reader_benches
from tests.contract.reader_benches import Bench
from tests.vm.inside.vscard import PassedSlot
from visitbridge.adapters.pcsc.source import PcscReaders
from visitbridge.sim.clock import FakeClock

PORTS = Path("/dev/virtio-ports")
# What libccid calls the USB identity that QEMU's reader borrows.
MODEL, MODEL_ID = (
    "Gemalto Gemplus USB SmartCard Reader 433-Swap",
    "gemalto-gemplus-usb-smartcard-reader-433-swap",
)
_NO_ANSWER = (
    "QEMU's reader never ends a command that its card did not answer, and libccid waits 232 s for that"
)
CANNOT = {
    "T=1": "QEMU's reader has T=0 only",
    "test_slots_do_not_mix": "QEMU's reader has T=0 only",
    "test_the_card_forgets_its_selection_after_a_session": "QEMU does not tell the card of a reset",
    "test_a_card_pulled_in_the_middle_of_a_command_leaves_doubt": _NO_ANSWER,
    "test_a_silent_card_ends_in_doubt_and_its_reader_recovers": _NO_ANSWER,
    "test_a_mute_card_is_told_of_and_refused": "QEMU takes no card without an ATR",
}
"""Parts of names of tests that this reader cannot take part in, and why."""


def pytest_report_header() -> list[str]:
    return [f"not on this reader: {name} ({why})" for name, why in CANNOT.items()]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    out = [item for item in items if any(name in item.name for name in CANNOT)]
    config.hook.pytest_deselected(items=out)
    items[:] = [item for item in items if item not in out]


@contextlib.asynccontextmanager
async def open_usb(clock: FakeClock) -> AsyncIterator[Bench]:
    slots = (
        PassedSlot(PORTS / "org.visitbridge.card1", MODEL, f"pcsc-{MODEL_ID}-1-0"),
        PassedSlot(PORTS / "org.visitbridge.card2", f"{MODEL} #2", f"pcsc-{MODEL_ID}-2-0"),
    )
    async with contextlib.AsyncExitStack() as stack:
        for slot in slots:
            await stack.enter_async_context(slot.open())
        source = PcscReaders(clock)
        stack.push_async_callback(source.close)
        yield await stack.enter_async_context(_watched(Bench(source, slots, clock, are_virtual=False)))


@contextlib.asynccontextmanager
async def _watched(bench: Bench) -> AsyncIterator[Bench]:
    async with bench.watched():
        yield bench


reader_benches.BENCHES.clear()
reader_benches.BENCHES["USB"] = open_usb
