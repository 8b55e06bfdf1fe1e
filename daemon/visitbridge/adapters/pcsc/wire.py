"""The blocking side of a slot: pcscd's context, the card that is connected, and what may still be sent to it."""

from __future__ import annotations

import sys
import threading
from typing import TypeVar

import msgspec

from visitbridge.adapters.pcsc import binding, failures
from visitbridge.adapters.pcsc.binding import Attribute, Outcome, ScardError
from visitbridge.ports.card_channel import CardProtocol, Reset
from visitbridge.ports.reader_facts import ReaderFacts, readable
from visitbridge.protocols import t0
from visitbridge.protocols.conversation import Conversation, drive

T = TypeVar("T")

# How long to wait for pcscd to notice that a card is gone after a failed command (it looks every 400 ms).
_NOTICE_MS = 600


class Powered(msgspec.Struct, frozen=True):
    """What a reset gave."""

    atr: bytes
    protocol: CardProtocol


class Wire:
    """For its slot's lane only: one context and at most one connected card."""

    def __init__(self) -> None:
        self._context: int | None = None
        self._card: int | None = None
        self._protocol = 0
        self._events = 0
        self._name = ""
        self._is_abandoned = threading.Event()

    def abandon(self) -> None:
        """From outside the lane: nothing goes to the card any more, whatever still runs in here."""
        self._is_abandoned.set()

    def connect(self, name: str) -> Powered:
        """Power the card in slot ``name``. Raises ScardError."""
        self.disconnect()
        try:
            return self._connect(name)
        except ScardError as exc:
            if exc.outcome not in failures.SERVICE_GONE:
                raise
        # The context died with a former pcscd; ask the present one.
        self.release()
        return self._connect(name)

    def reset(self, how: Reset) -> Powered:
        """Reset the card that :meth:`connect` found, powering it again after :meth:`disconnect`. Raises ScardError."""
        if self._context is None or self._seen(self._context) != (True, self._events):
            raise ScardError("SCardReconnect", Outcome.REMOVED_CARD)
        if self._card is None:
            return self._connect(self._name)
        self._protocol = binding.reset(self._card, warm=how is Reset.WARM)
        return self._powered(self._card)

    def transmit(self, command: bytes) -> bytes:
        """One command APDU and its whole answer. Raises ScardError, CardError, DeviceError."""
        if self._card is None:
            raise ScardError("SCardTransmit", Outcome.REMOVED_CARD)
        return drive(t0.exchange(command, t0=binding.is_t0(self._protocol)), self._send)

    def converse(self, conversation: Conversation[T]) -> T:
        """A whole conversation. Raises what :meth:`transmit` raises, and what the conversation does."""
        return drive(conversation, self.transmit)

    def read_facts(self, name: str) -> ReaderFacts:
        """What the driver of slot ``name`` tells. Raises ScardError."""
        if self._context is None:
            self._context = binding.establish_context()
        reader = binding.connect_reader(self._context, name)
        try:
            told = {attribute: binding.read_attribute(reader, attribute) for attribute in Attribute}
        finally:
            binding.disconnect_reader(reader)
        version = told[Attribute.VENDOR_IFD_VERSION]
        return ReaderFacts(
            vendor=readable(told[Attribute.VENDOR_NAME]),
            model=readable(told[Attribute.VENDOR_IFD_TYPE]),
            serial=readable(told[Attribute.VENDOR_IFD_SERIAL_NO]),
            firmware=_version(int.from_bytes(version, sys.byteorder)) if version else "",
        )

    def is_card_gone(self) -> bool:
        """Whether no card that answers is in, or this becomes so within the time pcscd needs to notice."""
        return self._is_left_by_card(mute_counts=True)

    def is_slot_empty(self) -> bool:
        """Whether the slot is empty or gone, or becomes so within the time pcscd needs to notice."""
        return self._is_left_by_card(mute_counts=False)

    def disconnect(self) -> None:
        if self._card is not None:
            binding.disconnect(self._card)
            self._card = None

    def release(self) -> None:
        self.disconnect()
        if self._context is not None:
            binding.release_context(self._context)
            self._context = None

    def _is_left_by_card(self, *, mute_counts: bool) -> bool:
        if self._context is None:
            return True
        try:
            (now,) = binding.wait_change(self._context, [(self._name, binding.UNAWARE)], 0)
            if not now.is_present or (mute_counts and now.is_mute):
                return True
            later = binding.wait_change(self._context, [(self._name, now.believed)], _NOTICE_MS)
        except ScardError:
            return True
        return any(status.is_changed and not status.is_present for status in later)

    def _send(self, piece: bytes) -> bytes:
        if self._is_abandoned.is_set() or self._card is None:
            raise ScardError("SCardTransmit", Outcome.CANCELLED)
        return binding.transmit(self._card, self._protocol, piece)

    def _connect(self, name: str) -> Powered:
        if self._context is None:
            self._context = binding.establish_context()
        self._card, self._protocol = binding.connect(self._context, name)
        self._name = name
        _, self._events = self._seen(self._context)
        return self._powered(self._card)

    def _powered(self, card: int) -> Powered:
        protocol = CardProtocol.T0 if binding.is_t0(self._protocol) else CardProtocol.T1
        return Powered(binding.read_atr(card), protocol)

    def _seen(self, context: int) -> tuple[bool, int]:
        """Whether a card is in, and how many came and went: another number, another card."""
        (now,) = binding.wait_change(context, [(self._name, binding.UNAWARE)], 0)
        return now.is_present, now.events


def _version(number: int) -> str:
    """Major and minor version and build, 8, 8 and 16 bits (PC/SC part 3, §3.1.2)."""
    return f"{number >> 24 & 0xFF}.{number >> 16 & 0xFF}.{number & 0xFFFF}"
