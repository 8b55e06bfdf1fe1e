"""Pairing readers, one at a time, by a person who looks at a phone.

The radio scans only while some phone shows the pairing page and says so every few seconds: scanning takes air from
the Wi-Fi on the same antenna (D02). A pairing goes on when the phone goes away, and ends by its own deadline.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from visitbridge.errors import (
    DeviceError,
    FieldInvalid,
    NotFound,
    PairingFailed,
    ReaderBusy,
    StoreError,
)
from visitbridge.ports.bluetooth import (
    Bluetooth,
    Heard,
    PairingQuestion,
    QuestionKind,
    ReaderFamily,
    RememberedReader,
)
from visitbridge.ports.clock import Clock
from visitbridge.services.cards import CardDesk
from visitbridge.services.live import LiveBoard
from visitbridge.services.readers.roster import Roster
from visitbridge.services.readers.topic import (
    BluetoothTopic,
    HeardReader,
    PairingPhase,
    PairingView,
    RememberedView,
)

log = logging.getLogger(__name__)

SCAN_LEASE_S = 20.0
"""How long a scan goes on after a phone last asked for it."""

NAME_MAX = 40
_SIGNAL_STEP_DB = 5


class ReaderDesk:
    """A service that runs scans and pairings; everything else may be called at any time after :meth:`load`."""

    name = "reader-pairing"
    critical = False

    def __init__(
        self, bluetooth: Bluetooth, roster: Roster, cards: CardDesk, board: LiveBoard, clock: Clock
    ) -> None:
        self._bluetooth = bluetooth
        self._roster = roster
        self._cards = cards
        self._board = board
        self._clock = clock
        self._scan_until_s = 0.0
        self._is_wanted = asyncio.Event()
        self._pairing: PairingView | None = None
        self._task: asyncio.Task[None] | None = None
        self._answer: asyncio.Future[int | None] | None = None
        bluetooth.when_changed(self._publish)

    async def load(self) -> None:
        """Take up the readers that are remembered. Raises StoreError."""
        await self._roster.load()
        for reader in self._roster.all():
            self._bluetooth.admit(reader, self._roster)
        self._publish()

    async def run(self, ready: Callable[[], None]) -> None:
        """End scans that no phone asks for any more; at the end, what is under way."""
        ready()
        try:
            while True:
                await self._is_wanted.wait()
                self._is_wanted.clear()
                while self._clock.monotonic() < self._scan_until_s:
                    await self._clock.wait_until(self._scan_until_s)
                await self._bluetooth.stop_scan()
        finally:
            await self.cancel_pairing()
            with contextlib.suppress(DeviceError):
                await self._bluetooth.stop_scan()

    def topic(self) -> BluetoothTopic:
        """What phones see."""
        known = {reader.address for reader in self._roster.all()}
        return BluetoothTopic(
            state=self._bluetooth.state,
            scanning=self._bluetooth.is_scanning,
            heard=tuple(_heard(heard, known) for heard in self._bluetooth.heard()),
            pairing=self._pairing,
            remembered=tuple(map(_remembered, self._roster.all())),
        )

    async def keep_scanning(self) -> None:
        """Scan for :data:`SCAN_LEASE_S` from now on. Raises BluetoothUnavailable."""
        await self._bluetooth.start_scan()
        self._scan_until_s = self._clock.monotonic() + SCAN_LEASE_S
        self._is_wanted.set()

    async def stop_scanning(self) -> None:
        """The page was left."""
        self._scan_until_s = 0.0
        await self._bluetooth.stop_scan()

    async def power_on(self) -> None:
        """Switch Bluetooth on. Raises BluetoothUnavailable."""
        await self._bluetooth.power_on()

    def begin_pairing(self, address: str, name: str, *, by: str) -> None:
        """Start to pair with a reader that was heard; the topic tells how it goes on.

        ``name``: what people call it, empty for the reader's own. Raises ReaderBusy while another pairing is under
        way, NotFound for an address that was not heard, FieldInvalid.
        """
        if self._task is not None and not self._task.done():
            raise ReaderBusy("another pairing is under way")
        heard = next((heard for heard in self._bluetooth.heard() if heard.address == address), None)
        if heard is None:
            raise NotFound("reader", field="address")
        name = _checked(name) if name else heard.name[:NAME_MAX]
        self._show(PairingView(address=address, name=name, phase=PairingPhase.CONNECTING))
        self._task = asyncio.create_task(self._pair(heard, name, by), name="pairing")

    def answer(self, *, agree: bool, number: str = "") -> None:
        """Answer what the pairing asks. Raises NotFound when it asks nothing, FieldInvalid for no six digits."""
        if self._pairing is None or self._answer is None or self._answer.done():
            raise NotFound("pairing asks nothing", field="pairing")
        if not agree:
            self._answer.set_exception(PairingFailed("refused by a person", params={"reason": "cancelled"}))
        elif self._pairing.phase is PairingPhase.ENTER:
            if len(number) != 6 or not (number.isascii() and number.isdigit()):
                raise FieldInvalid("a passkey is six digits", field="number")
            self._answer.set_result(int(number))
        else:
            self._answer.set_result(None)

    async def cancel_pairing(self) -> None:
        """End the pairing under way, and forget how the last one went."""
        task, self._task = self._task, None
        if task is not None and not task.done():
            task.cancel()
            await asyncio.wait({task})
        self._show(None)

    async def rename(self, reader_id: str, name: str, *, by: str) -> None:
        """Raises NotFound, FieldInvalid, StoreError."""
        renamed = await self._roster.rename(reader_id, _checked(name), by=by)
        self._bluetooth.admit(renamed, self._roster)
        self._publish()

    async def forget(self, reader_id: str, *, by: str) -> None:
        """Use a reader no more, and leave it as it came from the factory if it can be reached.

        One that cannot be reached keeps its key, which stays in the store for the day when it is paired again with
        this box. Raises NotFound, StoreError.
        """
        reader = self._roster.get(reader_id)
        try:
            await self._bluetooth.give_back(reader_id)
        except DeviceError as exc:
            if reader.key is not None:
                log.warning("%s: forgotten with its key: %s", reader_id, exc)
        await self._roster.forget(reader_id, by=by)
        self._bluetooth.dismiss(reader_id)
        try:
            await self._bluetooth.forget(reader.address)
        except DeviceError as exc:
            log.warning("%s: its bond could not be removed: %s", reader_id, exc)
        self._cards.forget(reader_id)
        self._publish()

    async def rotate_key(self, reader_id: str) -> None:
        """Give a reader a new key. Raises NotFound, DeviceError, StoreError."""
        self._roster.get(reader_id)
        await self._bluetooth.rotate_key(reader_id)
        self._publish()

    async def _pair(self, heard: Heard, name: str, by: str) -> None:
        view = PairingView(address=heard.address, name=name, phase=PairingPhase.CONNECTING)
        try:
            await self._bluetooth.pair(heard.address, self._ask)
            reader = RememberedReader(
                reader_id=f"ble-{heard.address.replace(':', '').lower()}",
                address=heard.address,
                family=heard.family,
                model=heard.name,
                name=name,
                remembered_at=self._clock.now(),
            )
            self._bluetooth.admit(await self._roster.remember(reader, by=by), self._roster)
        except (DeviceError, StoreError) as exc:
            log.info("pairing failed: %s", exc)
            self._show(_at(view, PairingPhase.FAILED, error_code=exc.code))
        else:
            self._show(_at(view, PairingPhase.DONE))
        finally:
            self._answer = None

    async def _ask(self, question: PairingQuestion) -> int | None:
        if self._pairing is None:
            raise PairingFailed("nobody is there to ask")
        self._show(_at(self._pairing, PairingPhase(question.kind.value), number=question.number))
        if question.kind is QuestionKind.SHOW:
            return None
        answer: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self._answer = answer
        number = await answer
        self._show(_at(self._pairing, PairingPhase.CONNECTING))
        return number

    def _show(self, pairing: PairingView | None) -> None:
        self._pairing = pairing
        self._publish()

    def _publish(self) -> None:
        self._board.put("bluetooth", self.topic())


def _at(view: PairingView, phase: PairingPhase, *, number: str = "", error_code: str = "") -> PairingView:
    return PairingView(
        address=view.address, name=view.name, phase=phase, number=number, error_code=error_code
    )


def _checked(name: str) -> str:
    """A name that people give. Raises FieldInvalid."""
    name = name.strip()
    if not 1 <= len(name) <= NAME_MAX or not name.isprintable():
        raise FieldInvalid(f"a name is 1 to {NAME_MAX} characters", field="name")
    return name


def _heard(heard: Heard, known: set[str]) -> HeardReader:
    signal = heard.signal_dbm
    return HeardReader(
        address=heard.address,
        name=heard.name,
        family=heard.family,
        signal_dbm=None if signal is None else round(signal / _SIGNAL_STEP_DB) * _SIGNAL_STEP_DB,
        remembered=heard.address in known,
    )


def _remembered(reader: RememberedReader) -> RememberedView:
    return RememberedView(
        reader_id=reader.reader_id,
        address=reader.address,
        name=reader.name,
        model=reader.model,
        family=reader.family,
        own_key=None if reader.family is ReaderFamily.FEITIAN else reader.key is not None,
    )
