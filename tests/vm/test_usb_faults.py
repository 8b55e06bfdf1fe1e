"""A USB reader unplugged at every command of a stay in which a card is written to, under the real kernel, libccid and pcscd.

It leaves with the card in it, after that acted and before the answer is on the wire (Y03; issue 5, Faults). What is held
to it, and the other losses, are those of ``tests/readers``.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.readers.faults import Loss, run_cases
from tests.readers.stand import OpenRack, Rack, open_stand
from tests.vm.usb_cable import Cable, open_cables
from tests.vm.wires import USB, Wires
from visitbridge.adapters.pcsc.source import PcscReaders
from visitbridge.ports.cards import ReaderSource
from visitbridge.sim.clock import FakeClock
from visitbridge.sim.usbip.ccid_reader import SimulatedUsbReader

pytestmark = pytest.mark.timeout(1800)

# Card sessions last as long as they do; only in there a command takes longer.
_PACE = 1.0


class UsbRack:
    """Two readers on their cables."""

    def __init__(self, clock: FakeClock, cables: tuple[Cable, Cable]) -> None:
        self.readers = PcscReaders(clock)
        self.source: ReaderSource = self.readers
        self._cables = cables

    @property
    def slots(self) -> tuple[SimulatedUsbReader, ...]:
        return tuple(cable.reader for cable in self._cables)

    def unplug(self) -> None:
        for cable in self._cables:
            cable.reader.hold_answers()
            cable.cut()

    async def plug(self) -> None:
        for cable in self._cables:
            await cable.pull_out()
            cable.reader.give_answers()
            await cable.plug_in()


def opener(port: int) -> OpenRack:
    @contextlib.asynccontextmanager
    async def open_rack(clock: FakeClock) -> AsyncIterator[Rack]:
        async with open_cables(port) as cables:
            rack = UsbRack(clock, cables)
            try:
                yield rack
            finally:
                await rack.readers.close()

    return open_rack


async def test_a_reader_unplugged_at_any_command_leaves_doubt_where_it_must_and_one_effect(
    without_qemus_readers: None, wires: Wires, tmp_path: Path
) -> None:
    async with open_stand(tmp_path, opener(wires.ports[USB]), pace=_PACE) as stand:
        outcomes = {case: wrong async for case, wrong in run_cases(stand, (Loss.UNPLUG,), every=1)}
    assert [case.nth for case in outcomes] == list(range(1, len(outcomes) + 1))
    assert len(outcomes) > 20
    assert {case: wrong for case, wrong in outcomes.items() if wrong} == {}
