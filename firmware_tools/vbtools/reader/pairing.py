"""Finding and pairing Bluetooth readers at a terminal."""

from __future__ import annotations

import asyncio
import datetime as dt

from vbtools.command import say
from vbtools.reader.keys import KeyFile
from visitbridge.errors import NotFound, PairingFailed
from visitbridge.ports.bluetooth import Bluetooth, Heard, PairingQuestion, QuestionKind, RememberedReader

_LOOK_EVERY_S = 0.2
_QUESTIONS = {
    QuestionKind.COMPARE: "tools.reader.compare",
    QuestionKind.ENTER: "tools.reader.enter",
    QuestionKind.SHOW: "tools.reader.show",
    QuestionKind.AGREE: "tools.reader.agree",
}


async def scan(bluetooth: Bluetooth, seconds: float) -> tuple[Heard, ...]:
    """Every reader that is heard within this time, strongest first. Raises BluetoothUnavailable."""
    await bluetooth.start_scan()
    try:
        await asyncio.sleep(seconds)
        return bluetooth.heard()
    finally:
        await bluetooth.stop_scan()


async def pair(bluetooth: Bluetooth, keys: KeyFile, address: str, seconds: float) -> RememberedReader:
    """Pair with the reader at ``address`` once it is heard, at most ``seconds`` from now, and remember it.

    Raises NotFound (``address``) for one that was not heard, PairingFailed, BluetoothUnavailable.
    """
    heard = await _find(bluetooth, address.upper(), seconds)
    await bluetooth.pair(heard.address, _answer)
    reader = RememberedReader(
        reader_id=f"ble-{heard.address.replace(':', '').lower()}",
        address=heard.address,
        family=heard.family,
        model=heard.name,
        name=heard.name,
        remembered_at=dt.datetime.now(dt.UTC),
    )
    keys.remember(reader)
    bluetooth.admit(keys.get(reader.reader_id), keys)
    return reader


async def _find(bluetooth: Bluetooth, address: str, seconds: float) -> Heard:
    await bluetooth.start_scan()
    try:
        async with asyncio.timeout(seconds):
            while True:
                for heard in bluetooth.heard():
                    if heard.address == address:
                        return heard
                await asyncio.sleep(_LOOK_EVERY_S)
    except TimeoutError as exc:
        raise NotFound("a reader with this address", field="address") from exc
    finally:
        await bluetooth.stop_scan()


async def _answer(question: PairingQuestion) -> int | None:
    """Ask whoever sits at the terminal. Raises PairingFailed for a no."""
    say(_QUESTIONS[question.kind], number=question.number)
    if question.kind is QuestionKind.SHOW:
        return None
    typed = (await asyncio.to_thread(input, "> ")).strip()
    if question.kind is QuestionKind.ENTER:
        if len(typed) != 6 or not (typed.isascii() and typed.isdigit()):
            raise PairingFailed("no six digits", params={"reason": "cancelled"})
        return int(typed)
    if typed.lower() not in {"y", "yes", "是"}:
        raise PairingFailed("refused by a person", params={"reason": "cancelled"})
    return None
