"""Bluetooth as a whole: the adapter, its readers as a source of cards, and what pairing needs of both."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from visitbridge.adapters.ble import rfkill
from visitbridge.adapters.ble.bluez import AgentCall
from visitbridge.adapters.ble.bonds import Bonds
from visitbridge.adapters.ble.care import AcsCare, PlainCare
from visitbridge.adapters.ble.families import FeitianFamily
from visitbridge.adapters.ble.fleet import BleReaders
from visitbridge.adapters.ble.link import BluezPeripheral
from visitbridge.adapters.ble.radio import Radio
from visitbridge.adapters.ble.reader import BleReader
from visitbridge.errors import DeviceError
from visitbridge.ports.bluetooth import (
    Answerer,
    Heard,
    KeyVault,
    PairingQuestion,
    QuestionKind,
    RadioState,
    ReaderFamily,
    RememberedReader,
)
from visitbridge.ports.cards import CardReader, ReaderInfo
from visitbridge.ports.clock import Clock
from visitbridge.ports.reader_facts import ReaderFacts

_PAIRING_S = 90.0
"""For everything: a person finds the number, compares it and presses the reader's button."""

_KINDS = {
    "RequestConfirmation": QuestionKind.COMPARE,
    "RequestPasskey": QuestionKind.ENTER,
    "DisplayPasskey": QuestionKind.SHOW,
    "RequestAuthorization": QuestionKind.AGREE,
}


class BluetoothReaders:
    """Implements ``ports.cards.ReaderSource`` and ``ports.bluetooth.Bluetooth``.

    Everything but :meth:`admit` and :meth:`dismiss` works only while somebody watches. ``is_blocked``: whether the
    machine keeps Bluetooth off.
    """

    def __init__(
        self, clock: Clock, *, allow_virtual: bool, is_blocked: Callable[[], bool] = rfkill.is_blocked
    ) -> None:
        self._clock = clock
        self._radio = Radio(allow_virtual=allow_virtual, is_blocked=is_blocked)
        self._bonds = Bonds(self._radio)
        self._fleet = BleReaders()
        self._known = self._radio.state, self._radio.mirror.addresses()
        self._radio.when_changed(self._look)

    @property
    def state(self) -> RadioState:
        return self._radio.state

    @property
    def is_scanning(self) -> bool:
        return self._radio.is_scanning

    def heard(self) -> tuple[Heard, ...]:
        """See ``ports.bluetooth.Bluetooth``."""
        return self._radio.mirror.heard()

    def when_changed(self, listener: Callable[[], None]) -> None:
        """See ``ports.bluetooth.Bluetooth``."""
        self._radio.when_changed(listener)

    def readers(self) -> tuple[CardReader, ...]:
        """See ``ports.cards.ReaderSource``."""
        return self._fleet.readers()

    async def watch(self) -> AsyncIterator[ReaderInfo]:
        """See ``ports.cards.ReaderSource``. Raises BluetoothUnavailable when the D-Bus connection ends."""
        async with (
            self._radio.open_bus(self._fleet.fail),
            contextlib.aclosing(self._fleet.watch()) as changes,
        ):
            async for info in changes:
                yield info

    async def power_on(self) -> None:
        """See ``ports.bluetooth.Bluetooth``."""
        await self._radio.power_on()

    async def start_scan(self) -> None:
        """See ``ports.bluetooth.Bluetooth``."""
        await self._radio.start_scan()

    async def stop_scan(self) -> None:
        """See ``ports.bluetooth.Bluetooth``."""
        await self._radio.stop_scan()

    async def pair(self, address: str, answer: Answerer) -> None:
        """See ``ports.bluetooth.Bluetooth``."""
        asked: set[asyncio.Task[None]] = set()

        def on_call(call: AgentCall) -> None:
            kind = _KINDS.get(call.method)
            if kind is not None:
                number = f"{call.number:06d}" if kind in {QuestionKind.COMPARE, QuestionKind.SHOW} else ""
                asked.add(asyncio.create_task(_ask(call, PairingQuestion(kind=kind, number=number), answer)))

        try:
            await self._bonds.pair(address, on_call, deadline_s=_PAIRING_S)
        finally:
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)

    async def forget(self, address: str) -> None:
        """See ``ports.bluetooth.Bluetooth``."""
        await self._bonds.forget(address)

    def admit(self, reader: RememberedReader, vault: KeyVault) -> None:
        """See ``ports.bluetooth.Bluetooth``."""
        known = self._fleet.find(reader.reader_id)
        if known is not None:
            known.rename(reader.name)
            return
        peripheral = BluezPeripheral(self._radio, reader.address, reader.name)
        if reader.family is ReaderFamily.ACS:
            self._fleet.admit(BleReader(peripheral, AcsCare(reader, vault), self._clock))
        else:
            facts = ReaderFacts(vendor="Feitian", model=reader.model)
            self._fleet.admit(BleReader(peripheral, PlainCare(FeitianFamily, facts), self._clock))

    def dismiss(self, reader_id: str) -> None:
        """See ``ports.bluetooth.Bluetooth``."""
        self._fleet.dismiss(reader_id)

    async def rotate_key(self, reader_id: str) -> None:
        """See ``ports.bluetooth.Bluetooth``."""
        await self._fleet.get(reader_id).rotate_key()

    async def give_back(self, reader_id: str) -> None:
        """See ``ports.bluetooth.Bluetooth``."""
        await self._fleet.get(reader_id).give_back()

    def _look(self) -> None:
        """Once the adapter works again, or a device is heard of, waiting for it makes no sense any more."""
        known = self._radio.state, self._radio.mirror.addresses()
        if known[0] is RadioState.ON and (known != self._known or self._radio.is_scanning):
            self._fleet.wake()
        self._known = known


async def _ask(call: AgentCall, question: PairingQuestion, answer: Answerer) -> None:
    try:
        call.answer(await answer(question))
    except DeviceError:
        call.refuse()
