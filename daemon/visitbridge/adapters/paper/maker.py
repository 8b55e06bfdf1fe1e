"""``ports.PrescriptionPaper`` through a worker process per page."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Mapping

import msgspec

from visitbridge.domain.prescription_sheet import PrescriptionSheet
from visitbridge.errors import PaperFailed

log = logging.getLogger(__name__)

_WORKER = "visitbridge.adapters.paper.worker"
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "MALLOC_ARENA_MAX": "1"}


class PaperOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What the worker reads. ``texts``: the form's own words, by the last part of their key."""

    sheet: PrescriptionSheet
    texts: dict[str, str]


class WorkerPaper:
    """One page at a time, each within ``deadline_s``. ``texts``: see :class:`PaperOrder`."""

    def __init__(self, texts: Mapping[str, str], *, deadline_s: float = 15.0) -> None:
        self._texts = dict(texts)
        self._deadline_s = deadline_s
        self._one_at_a_time = asyncio.Lock()

    async def make(self, sheet: PrescriptionSheet) -> bytes:
        order = msgspec.json.encode(PaperOrder(sheet=sheet, texts=self._texts))
        async with self._one_at_a_time:
            page = await self._ask_worker(order)
        if not page.startswith(b"%PDF-"):
            raise PaperFailed("the worker made no page")
        return page

    async def _ask_worker(self, order: bytes) -> bytes:
        """What the worker wrote; nothing when it ended badly or took too long. Its words may name a patient."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            _WORKER,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={**_ENVIRONMENT, "PYTHONPATH": ":".join(filter(None, sys.path))},
        )
        try:
            async with asyncio.timeout(self._deadline_s):
                page, _ = await process.communicate(order)
        except TimeoutError:
            log.warning("a page took too long to make")
            return b""
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            log.warning("the paper worker ended with status %s", process.returncode)
            return b""
        return page
