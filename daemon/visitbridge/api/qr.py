"""QR codes as SVG text: sharp at any size, no script, no external reference."""

from __future__ import annotations

import qrcode
import qrcode.constants
from qrcode.image.svg import SvgPathImage


def qr_svg(text: str) -> str:
    """One path in a square view box, with the quiet zone of four modules that ISO/IEC 18004 asks for."""
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=4)
    code.add_data(text)
    image = code.make_image(image_factory=SvgPathImage)
    return image.to_string(encoding="unicode")
