"""``ports.PrescriptionPaper`` through a worker process per page."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from visitbridge.adapters.worker import OneTaskWorker
from visitbridge.domain.prescription_sheet import PrescriptionSheet
from visitbridge.errors import PaperFailed

_WORKER = "visitbridge.adapters.paper.worker"


class PaperOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What the worker reads. ``texts``: the form's own words, by the last part of their key."""

    sheet: PrescriptionSheet
    texts: dict[str, str]


class WorkerPaper:
    """One page at a time, each within ``deadline_s``. ``texts``: see :class:`PaperOrder`."""

    def __init__(self, texts: Mapping[str, str], *, deadline_s: float = 15.0) -> None:
        self._texts = dict(texts)
        self._worker = OneTaskWorker(_WORKER, deadline_s=deadline_s)

    async def make(self, sheet: PrescriptionSheet) -> bytes:
        page = await self._worker.ask(msgspec.json.encode(PaperOrder(sheet=sheet, texts=self._texts)))
        if not page.startswith(b"%PDF-"):
            raise PaperFailed("the worker made no page")
        return page
