"""Bluetooth readers: looking for them, pairing, names, keys (D01-D03)."""

from __future__ import annotations

import msgspec

from visitbridge.api.routes import PAIRED, TECHNICIAN, AnyRoute, Call, NoQuery, Route
from visitbridge.services.readers.desk import ReaderDesk
from visitbridge.services.readers.topic import BluetoothTopic


class PairReader(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``address``: of a reader that was heard. ``name``: what people call it, empty for its own name."""

    address: str
    name: str = ""


class PairingAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``number``: six digits, only where the pairing asks for them."""

    agree: bool
    number: str = ""


class ReaderName(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """1 to 40 characters."""

    name: str


class BluetoothPages:
    def __init__(self, desk: ReaderDesk) -> None:
        self._desk = desk

    def routes(self) -> list[AnyRoute]:
        return [
            Route(
                method="GET",
                path="/api/bluetooth",
                summary="State of Bluetooth, readers heard and remembered, the pairing under way",
                access=PAIRED,
                handler=self._show,
                answer=BluetoothTopic,
            ),
            Route(
                method="POST",
                path="/api/bluetooth/scan",
                summary="Look for readers for 20 s more; ask again while the page is shown",
                access=TECHNICIAN,
                handler=self._scan,
                answer=None,
            ),
            Route(
                method="DELETE",
                path="/api/bluetooth/scan",
                summary="The page was left: scan no more",
                access=TECHNICIAN,
                handler=self._stop_scan,
                answer=None,
            ),
            Route(
                method="POST",
                path="/api/bluetooth/power",
                summary="Switch Bluetooth on",
                access=TECHNICIAN,
                handler=self._power_on,
                answer=None,
            ),
            Route(
                method="POST",
                path="/api/bluetooth/pairing",
                summary="Begin to pair with a reader; the live topic `bluetooth` tells how it goes on",
                access=TECHNICIAN,
                handler=self._pair,
                body=PairReader,
                answer=None,
            ),
            Route(
                method="POST",
                path="/api/bluetooth/pairing/answer",
                summary="Answer what the pairing asks",
                access=TECHNICIAN,
                handler=self._answer,
                body=PairingAnswer,
                answer=None,
            ),
            Route(
                method="DELETE",
                path="/api/bluetooth/pairing",
                summary="Cancel the pairing under way, or put away how the last one ended",
                access=TECHNICIAN,
                handler=self._cancel,
                answer=None,
            ),
            Route(
                method="PUT",
                path="/api/bluetooth/readers/{reader_id}",
                summary="Rename a remembered reader",
                access=TECHNICIAN,
                handler=self._rename,
                body=ReaderName,
                answer=None,
            ),
            Route(
                method="DELETE",
                path="/api/bluetooth/readers/{reader_id}",
                summary="Forget a reader, and leave it as it came from the factory if it can be reached",
                access=TECHNICIAN,
                handler=self._forget,
                answer=None,
            ),
            Route(
                method="POST",
                path="/api/bluetooth/readers/{reader_id}/key",
                summary="Give a reader a new key of its own",
                access=TECHNICIAN,
                handler=self._rotate,
                answer=None,
            ),
        ]

    async def _show(self, call: Call[NoQuery, None]) -> BluetoothTopic:
        return self._desk.topic()

    async def _scan(self, call: Call[NoQuery, None]) -> None:
        await self._desk.keep_scanning()

    async def _stop_scan(self, call: Call[NoQuery, None]) -> None:
        await self._desk.stop_scanning()

    async def _power_on(self, call: Call[NoQuery, None]) -> None:
        await self._desk.power_on()

    async def _pair(self, call: Call[NoQuery, PairReader]) -> None:
        self._desk.begin_pairing(call.body.address, call.body.name, by=call.phone_id)

    async def _answer(self, call: Call[NoQuery, PairingAnswer]) -> None:
        self._desk.answer(agree=call.body.agree, number=call.body.number)

    async def _cancel(self, call: Call[NoQuery, None]) -> None:
        await self._desk.cancel_pairing()

    async def _rename(self, call: Call[NoQuery, ReaderName]) -> None:
        await self._desk.rename(call.path["reader_id"], call.body.name, by=call.phone_id)

    async def _forget(self, call: Call[NoQuery, None]) -> None:
        await self._desk.forget(call.path["reader_id"], by=call.phone_id)

    async def _rotate(self, call: Call[NoQuery, None]) -> None:
        await self._desk.rotate_key(call.path["reader_id"])
