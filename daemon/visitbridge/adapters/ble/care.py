"""What a family of readers wants after every greeting, beyond reading cards: its keys looked after, its sleep set."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from typing import Protocol, TypeVar

from visitbridge.adapters.ble.families import AcsFamily, Family
from visitbridge.adapters.ble.line import Line
from visitbridge.errors import DeviceError, Retry, StoreError
from visitbridge.ports.bluetooth import KeyVault, RememberedReader
from visitbridge.ports.cards import ReaderCapability
from visitbridge.ports.gatt import GattLink
from visitbridge.ports.reader_facts import ReaderFacts, readable
from visitbridge.protocols.acs.frames import Frame
from visitbridge.protocols.acs.secure import FACTORY_MASTER_KEY, KEY_LENGTH
from visitbridge.protocols.acs.talk import SleepAfter

log = logging.getLogger(__name__)

_DIALOGUE_S = 10.0
_UNTOLD = ReaderFacts()

R = TypeVar("R")


class Care(Protocol[R]):
    """``new_family``: what a fresh connection speaks. ``capability``: what readers of this family have."""

    capability: ReaderCapability

    def new_family(self, link: GattLink) -> Family[R]: ...

    def refused(self) -> None:
        """The greeting failed for a reason that stays."""
        ...

    async def greeted(self, line: Line[R]) -> None:
        """The greeting succeeded. Raises DeviceError."""
        ...

    async def rotate_key(self, line: Line[R]) -> None:
        """Give the reader a new key. Raises DeviceError, and StoreError before the reader was told anything."""
        ...

    async def give_back(self, line: Line[R]) -> None:
        """Give the reader the factory's key. Raises as :meth:`rotate_key`; nothing to do is no error."""
        ...

    async def read_facts(self, line: Line[R]) -> ReaderFacts:
        """What the reader says of itself. Raises DeviceError."""
        ...


class PlainCare(Care[R]):
    """For families without keys. ``facts``: all that is known of them before one is asked."""

    capability = ReaderCapability(battery=True, signal=True)

    def __init__(self, new_family: Callable[[GattLink], Family[R]], facts: ReaderFacts = _UNTOLD) -> None:
        self._new_family = new_family
        self._facts = facts

    async def read_facts(self, line: Line[R]) -> ReaderFacts:
        """See :class:`Care`."""
        return self._facts

    def new_family(self, link: GattLink) -> Family[R]:
        """See :class:`Care`."""
        return self._new_family(link)

    def refused(self) -> None:
        """See :class:`Care`."""

    async def greeted(self, line: Line[R]) -> None:
        """See :class:`Care`."""

    async def rotate_key(self, line: Line[R]) -> None:
        """See :class:`Care`."""
        raise DeviceError("a reader of this family has no key", retry=Retry.NEVER)

    async def give_back(self, line: Line[R]) -> None:
        """See :class:`Care`."""


class AcsCare(Care[Frame]):
    """A master key of its own for every reader, since the factory's is public.

    A new key is stored beside the old one before it is sent, and alone after the reader proved to have it. So after
    a crash or a lost reply in between the reader has one of two, and both are tried, one in each connection.
    """

    capability = ReaderCapability(battery=True, signal=True, own_key=True, sleeps=True)

    def __init__(
        self,
        reader: RememberedReader,
        vault: KeyVault,
        *,
        mint: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._reader_id = reader.reader_id
        self._model = reader.model
        self._vault = vault
        self._mint = mint
        self._keys = [reader.key or FACTORY_MASTER_KEY]
        if reader.next_key is not None:
            self._keys.append(reader.next_key)
        self._family: AcsFamily | None = None

    def new_family(self, link: GattLink) -> AcsFamily:
        """See :class:`Care`."""
        self._family = AcsFamily(link, self._keys[0])
        return self._family

    def refused(self) -> None:
        """See :class:`Care`; the next connection tries the other key, if there is one."""
        self._keys.append(self._keys.pop(0))

    async def greeted(self, line: Line[Frame]) -> None:
        """See :class:`Care`."""
        if len(self._keys) > 1:
            await self._settle(self._keys[0])
        if self._keys[0] == FACTORY_MASTER_KEY:
            try:
                await self.rotate_key(line)
            except StoreError as exc:
                # Cards can be read with the public key as well; the next connection tries again.
                log.warning("%s: keeps the factory's key for now: %s", self._reader_id, exc)
        try:
            await line.hold(self._talking.talk.sleep_after(SleepAfter.S180), deadline_s=_DIALOGUE_S)
        except DeviceError as exc:
            if exc.retry is Retry.UNKNOWN:
                raise
            log.info("%s: the sleep option was refused: %s", self._reader_id, exc)

    async def rotate_key(self, line: Line[Frame]) -> None:
        """See :class:`Care`."""
        await self._give(line, self._mint(KEY_LENGTH))

    async def give_back(self, line: Line[Frame]) -> None:
        """See :class:`Care`."""
        await self._give(line, FACTORY_MASTER_KEY)

    async def read_facts(self, line: Line[Frame]) -> ReaderFacts:
        """See :class:`Care`."""
        talk = self._talking.talk
        serial = await line.hold(talk.serial(), deadline_s=_DIALOGUE_S)
        firmware = await line.hold(talk.firmware(), deadline_s=_DIALOGUE_S)
        return ReaderFacts(vendor="ACS", model=self._model, serial=readable(serial), firmware=firmware)

    async def _give(self, line: Line[Frame], new_key: bytes) -> None:
        await self._vault.prepare(self._reader_id, _unless_factorys(self._keys[0]), new_key)
        self._keys = [self._keys[0], new_key]
        await line.hold(self._talking.talk.rotate_master_key(new_key), deadline_s=_DIALOGUE_S)
        await self._settle(new_key)

    async def _settle(self, key: bytes) -> None:
        self._keys = [key]
        try:
            await self._vault.settle(self._reader_id, _unless_factorys(key))
        except StoreError as exc:
            log.warning("%s: both keys stay in the store: %s", self._reader_id, exc)

    @property
    def _talking(self) -> AcsFamily:
        if self._family is None:
            raise DeviceError("no connection to the reader")
        return self._family


def _unless_factorys(key: bytes) -> bytes | None:
    return None if key == FACTORY_MASTER_KEY else key
