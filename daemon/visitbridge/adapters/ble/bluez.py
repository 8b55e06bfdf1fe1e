"""What passes between BlueZ's thread and the event loop: faults, signals, what the pairing agent is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

NAME = "org.bluez"
ADAPTER = "org.bluez.Adapter1"
DEVICE = "org.bluez.Device1"
CHARACTERISTIC = "org.bluez.GattCharacteristic1"

Objects = dict[str, dict[str, dict[str, Any]]]
"""Path → interface → properties."""


class BluezFault(Exception):
    """A call to BlueZ that did not succeed; ``name`` is its D-Bus error name, or one of ours without a dot."""

    def __init__(self, name: str, text: str = "") -> None:
        super().__init__(f"{name}: {text}" if text else name)
        self.name = name


class Signal(msgspec.Struct, frozen=True):
    """What changed. ``interface`` is empty for ``bus_lost`` and ``owner`` (bluetoothd came or went).

    ``values``: new properties; ``gone``: names of those that have no value any more.
    """

    kind: str
    path: str = ""
    interface: str = ""
    values: dict[str, Any] = {}
    gone: tuple[str, ...] = ()


class AgentCall(msgspec.Struct, frozen=True):
    """What BlueZ asks while pairing (org.bluez.Agent1).

    ``answer`` takes the passkey or None to agree, ``refuse`` ends the pairing; both may be called from the event
    loop, once. Calls that only tell something have been answered already.
    """

    method: str
    path: str
    number: int
    answer: Callable[[int | None], None]
    refuse: Callable[[], None]


async def in_time(future: asyncio.Future[T], deadline_s: float) -> T:
    """Wait for an answer of BlueZ. Raises BluezFault, ``late`` after ``deadline_s``."""
    try:
        async with asyncio.timeout(deadline_s):
            return await future
    except TimeoutError as exc:
        raise BluezFault("late", f"no answer within {deadline_s:g} s") from exc


def settle(future: asyncio.Future[T], result: T) -> None:
    """Give a result to whoever still waits for it."""
    if not future.done():
        future.set_result(result)


def fail(future: asyncio.Future[T], error: BaseException) -> None:
    """Give an error to whoever still waits."""
    if not future.done():
        future.set_exception(error)
