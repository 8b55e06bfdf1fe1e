"""QR-2 as an institution's web page would show it: text and picture; where this portal was last reached."""

from __future__ import annotations

from pathlib import Path

import msgspec
import qrcode
from qrcode.image.pil import PilImage

from visitbridge.errors import ConfigError
from visitbridge.protocols.datacentre.device import BindTicket, encode_ticket
from vpnportal.bind import Ticket

_ADDRESS_FILE = "address"
_OFFICE_FILE = "office-address"


class Handout(msgspec.Struct, frozen=True, kw_only=True):
    """What a technician takes to the box: the text of QR-2 and the registration number."""

    ticket: str
    pin: str


def hand_out(ticket: Ticket, url: str, ca_pem: str) -> Handout:
    text = encode_ticket(BindTicket(url=url, token=ticket.token, ca_pem=ca_pem))
    return Handout(ticket=text, pin=ticket.pin)


def draw(text: str) -> PilImage:
    """QR-2 as a picture; its ``save`` writes PNG."""
    # Little error correction keeps the modules large: the text is long, and a screen does not get dirty.
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_L, box_size=6, border=4)
    code.add_data(text)
    return code.make_image(image_factory=PilImage)


def note_address(folder: Path, url: str) -> None:
    """Remember where this portal was last reached, for tickets that are made beside it."""
    (folder / _ADDRESS_FILE).write_text(url, "ascii")


def note_office(folder: Path, url: str) -> None:
    """Remember where the office's pages were last served, for links that are made beside it."""
    (folder / _OFFICE_FILE).write_text(url, "ascii")


def noted_office(folder: Path) -> str:
    """Raises ConfigError when the office was never served from this folder."""
    try:
        return (folder / _OFFICE_FILE).read_text("ascii")
    except FileNotFoundError as exc:
        raise ConfigError("serve the office once before: vpnportal serve --office-port") from exc


def noted_address(folder: Path) -> str:
    """Raises ConfigError when the portal never ran from this folder."""
    try:
        return (folder / _ADDRESS_FILE).read_text("ascii")
    except FileNotFoundError as exc:
        raise ConfigError("start the portal once before, or name its address with --url") from exc
