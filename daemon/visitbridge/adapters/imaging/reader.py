"""``ports.CodeReader`` through a worker process per photo."""

from __future__ import annotations

import msgspec

from visitbridge.adapters.worker import OneTaskWorker
from visitbridge.errors import FieldInvalid

_WORKER = "visitbridge.adapters.imaging.worker"
_REASONS = {
    "damaged": "not a readable JPEG or PNG image",
    "too_large": "the image has too many pixels",
    "no_code": "no QR code in the image",
    "several_codes": "more than one QR code in the image",
}


class PhotoCodeReader:
    """One photo at a time, each within ``deadline_s``."""

    def __init__(self, *, deadline_s: float = 15.0) -> None:
        self._worker = OneTaskWorker(_WORKER, deadline_s=deadline_s, environment={"OMP_NUM_THREADS": "1"})

    async def read_code(self, image: bytes) -> str:
        output = await self._worker.ask(image)
        try:
            outcome, text = msgspec.json.decode(output, type=tuple[str, str])
        except msgspec.DecodeError:
            outcome, text = "damaged", ""
        if outcome != "ok":
            raise FieldInvalid(_REASONS.get(outcome, _REASONS["damaged"]), field="photo")
        return text
