"""What the driver needs to know of each family of readers. A third family is one more class here or beside it."""

from __future__ import annotations

from typing import Protocol, TypeVar

import msgspec

from visitbridge.errors import DeviceError
from visitbridge.ports.bluetooth import ReaderFamily
from visitbridge.ports.gatt import GattLink
from visitbridge.protocols.acs import profile as acs
from visitbridge.protocols.acs.frames import Battery, Frame, measure, read_battery, read_notice
from visitbridge.protocols.acs.secure import FACTORY_MASTER_KEY
from visitbridge.protocols.acs.talk import AcsTalk
from visitbridge.protocols.ccid.messages import CcidReply
from visitbridge.protocols.ccid.talk import CcidTalk
from visitbridge.protocols.feitian import profile as feitian
from visitbridge.protocols.reader_talk import Dialogue, Notice, Pieces, out_of_step

R = TypeVar("R")
R_contra = TypeVar("R_contra", contravariant=True)


_LOW_PERCENT = 20


class Charge(msgspec.Struct, frozen=True):
    """A reader's battery. ``percent`` where it tells one."""

    percent: int | None
    is_low: bool


class Talk(Protocol[R_contra]):
    """The dialogues that a driver holds; errors as in the families' own classes."""

    def power_on(self) -> Dialogue[R_contra, bytes]: ...

    def power_off(self) -> Dialogue[R_contra, None]: ...

    def reset(self) -> Dialogue[R_contra, bytes]:
        """Reset a card, with its power on where the family can; its ATR."""
        ...

    def presence(self) -> Dialogue[R_contra, bool]: ...

    def transmit(self, apdu: bytes) -> Dialogue[R_contra, bytes]: ...


class Family(Protocol[R]):
    """One connection to a reader of some family.

    ``pipes``: those to subscribe to. ``numbers_replies``: a reply tells which command it answers, so that one
    nobody waits for can be dropped; without that it ends the connection.
    """

    @property
    def command_pipe(self) -> str: ...

    @property
    def pipes(self) -> tuple[str, ...]: ...

    @property
    def numbers_replies(self) -> bool: ...

    @property
    def talk(self) -> Talk[R]: ...

    @property
    def battery_pipe(self) -> str:
        """Readable; a reader may lack it."""
        ...

    def charge(self, value: bytes) -> Charge:
        """What the battery pipe's value says. Raises DeviceError."""
        ...

    def greet(self) -> Dialogue[R, None]:
        """What has to be said before anything else."""
        ...

    def take(self, pipe: str, piece: bytes) -> list[R | Notice]:
        """Replies and notices that are whole now. Raises DeviceError."""
        ...


class AcsFamily:
    """ACR3901U-S1 and ACR3901T-W1: two pipes, authentication first.

    Which of the two numbers next to each other takes commands is not documented for these models, so the link's
    flags decide (hardware.md §1.1).
    """

    battery_pipe = acs.BATTERY_LEVEL
    numbers_replies = False

    def __init__(self, link: GattLink, master_key: bytes = FACTORY_MASTER_KEY) -> None:
        is_swapped = "notify" in link.flags(acs.COMMAND_PIPE)
        self.command_pipe = acs.REPLY_PIPE if is_swapped else acs.COMMAND_PIPE
        self.pipes = (acs.COMMAND_PIPE if is_swapped else acs.REPLY_PIPE, acs.STATUS_PIPE)
        self.talk = AcsTalk(master_key)
        self._pieces = Pieces(measure)

    def charge(self, value: bytes) -> Charge:
        """See :class:`Family`; this one tells steps only."""
        return Charge(None, read_battery(value) in {Battery.LOW, Battery.EMPTY})

    def greet(self) -> Dialogue[Frame, None]:
        """Mutual authentication."""
        return self.talk.authenticate()

    def take(self, pipe: str, piece: bytes) -> list[Frame | Notice]:
        """See :class:`Family`."""
        if pipe == acs.STATUS_PIPE:
            return [read_notice(piece)]
        return [Frame.decode(raw) for raw in self._pieces.feed(piece)]


class FeitianFamily:
    """bR301BLE and bR500: CCID messages and notices through one pipe."""

    numbers_replies = True

    battery_pipe = feitian.BATTERY_LEVEL

    def __init__(self, link: GattLink) -> None:
        """Raises DeviceError for a device without any of the family's services."""
        service = next((known for known in feitian.SERVICES if link.flags(feitian.write_pipe(known))), None)
        if service is None:
            raise DeviceError("the device has none of the services of its family")
        self.command_pipe = feitian.write_pipe(service)
        self.pipes = (feitian.notify_pipe(service),)
        self.talk = CcidTalk()
        self._inbox = feitian.Inbox()

    def greet(self) -> Dialogue[CcidReply, None]:
        """Nothing to agree on; that it answers at all is worth knowing."""
        yield from self.talk.presence()

    def charge(self, value: bytes) -> Charge:
        """See :class:`Family`."""
        if len(value) != 1 or value[0] > 100:
            raise out_of_step("a battery level that is no percentage")
        return Charge(value[0], value[0] <= _LOW_PERCENT)

    def take(self, pipe: str, piece: bytes) -> list[CcidReply | Notice]:
        """See :class:`Family`."""
        return self._inbox.feed(piece)


def family_of(name: str, services: frozenset[str]) -> ReaderFamily | None:
    """Which driver an advertised device needs, by its name and services; None for what is no reader of ours."""
    if acs.is_ours(name):
        return ReaderFamily.ACS
    return ReaderFamily.FEITIAN if feitian.is_ours(name, services) else None
