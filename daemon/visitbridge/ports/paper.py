"""Paper: what a family takes to the pharmacy."""

from __future__ import annotations

from typing import Protocol

from visitbridge.domain.prescription_sheet import PrescriptionSheet


class PrescriptionPaper(Protocol):
    """Makes a page of a prescription; it knows no printer."""

    async def make(self, sheet: PrescriptionSheet) -> bytes:
        """The page as PDF, A5. Raises PaperFailed."""
        ...
