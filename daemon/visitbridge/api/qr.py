"""QR codes as SVG text: sharp at any size, no script, no external reference."""

from __future__ import annotations

from visitbridge.errors import FieldInvalid


def qr_svg(text: str) -> str:
    """One path in a square view box, with the quiet zone of four modules that ISO/IEC 18004 asks for.

    Error correction M where the text fits, else L. Raises FieldInvalid for a text that no QR code holds.
    """
    # Needed a few times a day, and it brings the library of images along: a start is shorter without.
    import qrcode  # noqa: PLC0415
    from qrcode.exceptions import DataOverflowError  # noqa: PLC0415
    from qrcode.image.svg import SvgPathImage  # noqa: PLC0415

    for correction in (qrcode.constants.ERROR_CORRECT_M, qrcode.constants.ERROR_CORRECT_L):
        code = qrcode.QRCode(error_correction=correction, border=4)
        code.add_data(text)
        try:
            image = code.make_image(image_factory=SvgPathImage)
        except (DataOverflowError, ValueError):
            continue
        return image.to_string(encoding="unicode")
    raise FieldInvalid("more than one QR code holds", field="text")
