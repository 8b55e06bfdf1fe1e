"""``ports.CodeReader`` through a worker process per photo."""

from __future__ import annotations

import asyncio
import logging
import sys

import msgspec

from visitbridge.errors import FieldInvalid

log = logging.getLogger(__name__)

_WORKER = "visitbridge.adapters.imaging.worker"
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
_REASONS = {
    "damaged": "not a readable JPEG or PNG image",
    "too_large": "the image has too many pixels",
    "no_code": "no QR code in the image",
    "several_codes": "more than one QR code in the image",
}


class PhotoCodeReader:
    """One photo at a time, each within ``deadline_s``."""

    def __init__(self, *, deadline_s: float = 15.0) -> None:
        self._deadline_s = deadline_s
        self._one_at_a_time = asyncio.Lock()

    async def read_code(self, image: bytes) -> str:
        async with self._one_at_a_time:
            output = await self._ask_worker(image)
        try:
            outcome, text = msgspec.json.decode(output, type=tuple[str, str])
        except msgspec.DecodeError:
            outcome, text = "damaged", ""
        if outcome != "ok":
            raise FieldInvalid(_REASONS.get(outcome, _REASONS["damaged"]), field="photo")
        return text

    async def _ask_worker(self, image: bytes) -> bytes:
        """What the worker wrote; nothing when it crashed or took too long."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            _WORKER,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=_ENVIRONMENT,
        )
        try:
            async with asyncio.timeout(self._deadline_s):
                output, _ = await process.communicate(image)
        except TimeoutError:
            log.warning("a photo took too long to read")
            return b""
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            log.warning("the photo worker ended with status %s", process.returncode)
        return output
