"""How Feitian's Bluetooth readers show themselves, and their pipe.

Source: vendor code and third-party logs (hardware.md §1.3); not documented by the vendor at byte level. Which
extra escape their iOS library sends while pairing (6B 04…) has no known purpose and is not sent.
"""

from __future__ import annotations

from visitbridge.protocols.ccid import messages
from visitbridge.protocols.ccid.messages import CcidReply
from visitbridge.protocols.reader_talk import Notice, Pieces

SERVICES = (
    "46540001-0002-00c4-0000-465453414645",
    "46540001-0002-00c6-0000-465453414645",
    "46540001-0002-00c4-0000-000000000001",
)
BATTERY_LEVEL = "00002a19-0000-1000-8000-00805f9b34fb"
"""Standard battery level: one byte, percent (Bluetooth Assigned Numbers)."""

NAME_PREFIX = "FT_"


def is_ours(name: str, services: frozenset[str]) -> bool:
    """Whether an advertisement is of such a reader: by name, or by the first bytes of a service, "FT" in ASCII."""
    return name.startswith(NAME_PREFIX) or any(uuid.lower().startswith("4654") for uuid in services)


def write_pipe(service: str) -> str:
    """UUID of the characteristic to write commands to."""
    return "46540002" + service.lower()[8:]


def notify_pipe(service: str) -> str:
    """UUID of the characteristic that replies and notices come from."""
    return "46540003" + service.lower()[8:]


class Inbox:
    """The notify pipe: pieces in, replies and notices out, in order."""

    def __init__(self) -> None:
        self._pieces = Pieces(messages.measure)

    @property
    def kept(self) -> int:
        """Bytes waiting for the rest of their message."""
        return self._pieces.kept

    def feed(self, piece: bytes) -> list[CcidReply | Notice]:
        """Raises DeviceError for bytes that are no message; what came before them in the same piece is lost."""
        return [messages.read(message) for message in self._pieces.feed(piece)]
