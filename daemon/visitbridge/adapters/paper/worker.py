"""The worker: one order on stdin, one PDF on stdout, then it ends and gives all its memory back.

A font of ten thousands of characters takes more memory than the rest of the box. The worker limits itself before it
reads: memory, processor time, no file that it could write.
"""

from __future__ import annotations

import logging
import sys

import msgspec

from visitbridge.adapters.paper.maker import PaperOrder
from visitbridge.adapters.paper.page import draw_page
from visitbridge.adapters.worker_limits import limit_self

MEMORY_BYTES = 400 * 1024 * 1024
"""Of address space, most of which is the mapped font and is never touched."""

PROCESSOR_S = 12
INPUT_BYTES = 1024 * 1024


def main() -> None:
    limit_self(memory_bytes=MEMORY_BYTES, processor_s=PROCESSOR_S)
    # The font's bitmaps for old screens are left out, which the library finds worth a warning.
    logging.getLogger("fontTools.subset").setLevel(logging.ERROR)
    order = msgspec.json.decode(sys.stdin.buffer.read(INPUT_BYTES), type=PaperOrder)
    sys.stdout.buffer.write(draw_page(order.sheet, order.texts))


if __name__ == "__main__":
    main()
