"""Medical records on the insurer's side, as services see them (L01-L06). Errors: as ``ports.DataCentre``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from visitbridge.protocols.datacentre.records import (
    BatchAnswer,
    ConsentedQuery,
    RecordsAnswer,
    RecordsQuery,
)


class CloudRecords(Protocol):
    async def query_records(self, staff_token: str, query: RecordsQuery) -> RecordsAnswer:
        """With the person's card read through a card session a moment ago. Raises Rejected without."""
        ...

    async def fetch_consented(self, staff_token: str, queries: Sequence[ConsentedQuery]) -> BatchAnswer:
        """Without cards, each under a consent; in order of the queries. At most 50."""
        ...
