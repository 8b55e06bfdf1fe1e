"""The worker: one image on stdin, one JSON answer on stdout, then it ends.

It runs apart from the daemon because image decoders meet hostile bytes here: a crash, a memory bomb or an endless
loop costs one request. It limits itself before it reads: memory, processor time, no file that it could write.
"""

from __future__ import annotations

import io
import json
import sys
from typing import Literal

import zxingcpp
from PIL import Image, ImageOps, UnidentifiedImageError

from visitbridge.adapters.worker_limits import limit_self

Outcome = Literal["ok", "damaged", "too_large", "no_code", "several_codes"]

MEMORY_BYTES = 768 * 1024 * 1024
PROCESSOR_S = 10
INPUT_BYTES = 8 * 1024 * 1024
PIXELS = 24_000_000
_LONG_SIDE = 2400
_QR = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])


def read_code(image: bytes) -> tuple[Outcome, str]:
    """Outcome and, when it is ``ok``, the text of the one QR code in a JPEG or PNG image."""
    try:
        with Image.open(io.BytesIO(image), formats=("JPEG", "PNG")) as opened:
            if opened.width * opened.height > PIXELS:
                return "too_large", ""
            opened.draft("L", (_LONG_SIDE, _LONG_SIDE))
            picture = ImageOps.exif_transpose(opened).convert("L")
            picture.thumbnail((_LONG_SIDE, _LONG_SIDE))
    except Image.DecompressionBombError:
        return "too_large", ""
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        return "damaged", ""
    texts = {found.text for found in zxingcpp.read_barcodes(picture, formats=_QR)}
    if len(texts) > 1:
        return "several_codes", ""
    return ("ok", texts.pop()) if texts else ("no_code", "")


def main() -> None:
    limit_self(memory_bytes=MEMORY_BYTES, processor_s=PROCESSOR_S)
    outcome, text = read_code(sys.stdin.buffer.read(INPUT_BYTES + 1))
    sys.stdout.write(json.dumps([outcome, text]))


if __name__ == "__main__":
    main()
