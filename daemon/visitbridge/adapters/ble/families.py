"""What the driver needs to know of each family of readers. A third family is one more class here or beside it."""

from __future__ import annotations

from typing import Protocol, TypeVar

from visitbridge.protocols.acs import profile as acs
from visitbridge.protocols.acs.frames import Frame, measure, read_notice
from visitbridge.protocols.acs.secure import FACTORY_MASTER_KEY
from visitbridge.protocols.acs.talk import AcsTalk
from visitbridge.protocols.ccid.messages import CcidReply
from visitbridge.protocols.ccid.talk import CcidTalk
from visitbridge.protocols.feitian import profile as feitian
from visitbridge.protocols.reader_talk import Dialogue, Notice, Pieces

R = TypeVar("R")
R_contra = TypeVar("R_contra", contravariant=True)


class Talk(Protocol[R_contra]):
    """The dialogues that a driver holds; errors as in the families' own classes."""

    def power_on(self) -> Dialogue[R_contra, bytes]: ...

    def power_off(self) -> Dialogue[R_contra, None]: ...

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

    def greet(self) -> Dialogue[R, None]:
        """What has to be said before anything else."""
        ...

    def take(self, pipe: str, piece: bytes) -> list[R | Notice]:
        """Replies and notices that are whole now. Raises DeviceError."""
        ...


class AcsFamily:
    """ACR3901U-S1 and ACR3901T-W1: two pipes, authentication first."""

    command_pipe = acs.COMMAND_PIPE
    pipes = (acs.REPLY_PIPE, acs.STATUS_PIPE)
    numbers_replies = False

    def __init__(self, master_key: bytes = FACTORY_MASTER_KEY) -> None:
        self.talk = AcsTalk(master_key)
        self._pieces = Pieces(measure)

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

    def __init__(self, service: str = feitian.SERVICES[0]) -> None:
        self.command_pipe = feitian.write_pipe(service)
        self.pipes = (feitian.notify_pipe(service),)
        self.talk = CcidTalk()
        self._inbox = feitian.Inbox()

    def greet(self) -> Dialogue[CcidReply, None]:
        """Nothing to agree on; that it answers at all is worth knowing."""
        yield from self.talk.presence()

    def take(self, pipe: str, piece: bytes) -> list[CcidReply | Notice]:
        """See :class:`Family`."""
        return self._inbox.feed(piece)
