from __future__ import annotations

import io
import struct
import zlib

import pytest
import qrcode
from PIL import Image

from visitbridge.adapters.imaging import PhotoCodeReader, worker
from visitbridge.errors import FieldInvalid

TEXT = "VBBIND1:" + "Ab3_-" * 120


def qr_picture(text: str = TEXT, size: int = 900) -> Image.Image:
    code = qrcode.QRCode(border=4)
    code.add_data(text)
    return code.make_image().get_image().convert("L").resize((size, size))


def encoded(picture: Image.Image, kind: str = "JPEG") -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind)
    return buffer.getvalue()


def on_desk(*codes: Image.Image, angle: float = 0) -> Image.Image:
    desk = Image.new("L", (3000, 2200), 190)
    for number, code in enumerate(codes):
        turned = code.rotate(angle, expand=True, fillcolor=255)
        desk.paste(turned, (150 + number * 1400, 300))
    return desk


def enormous_png() -> bytes:
    """A valid PNG header that announces 50,000 x 50,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1000))


@pytest.mark.parametrize(
    "photo",
    [
        encoded(qr_picture()),
        encoded(qr_picture(), "PNG"),
        encoded(on_desk(qr_picture())),
        encoded(on_desk(qr_picture(), angle=17)),
    ],
    ids=["jpeg", "png", "photo", "tilted"],
)
def test_a_code_in_a_photo_is_read(photo: bytes) -> None:
    assert worker.read_code(photo) == ("ok", TEXT)


def test_a_photo_taken_sideways_is_read() -> None:
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    on_desk(qr_picture()).save(buffer, "JPEG", exif=exif)

    assert worker.read_code(buffer.getvalue()) == ("ok", TEXT)


@pytest.mark.parametrize(
    ("image", "outcome"),
    [
        (b"", "damaged"),
        (b"not an image", "damaged"),
        (encoded(qr_picture())[:400], "damaged"),
        (encoded(Image.new("L", (800, 800), 128)), "no_code"),
        (encoded(on_desk(qr_picture("one"), qr_picture("two"))), "several_codes"),
        (encoded(qr_picture(), "GIF"), "damaged"),
        (enormous_png(), "too_large"),
    ],
    ids=["empty", "text", "cut", "blank", "two codes", "gif", "bomb"],
)
def test_what_cannot_be_read_has_a_reason(image: bytes, outcome: str) -> None:
    assert worker.read_code(image) == (outcome, "")


async def test_the_worker_process_reads_a_code() -> None:
    assert await PhotoCodeReader().read_code(encoded(on_desk(qr_picture("健保 QR-2")))) == "健保 QR-2"


async def test_a_bad_photo_names_the_field() -> None:
    with pytest.raises(FieldInvalid) as caught:
        await PhotoCodeReader().read_code(b"\xff\xd8\xff not a photo")

    assert caught.value.field == "photo"


async def test_a_worker_that_takes_too_long_is_ended() -> None:
    with pytest.raises(FieldInvalid):
        await PhotoCodeReader(deadline_s=0.001).read_code(encoded(qr_picture()))
