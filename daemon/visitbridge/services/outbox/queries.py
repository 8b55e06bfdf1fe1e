"""Questions that wait for the link: asked again until answered, since asking has no effect (I03, 待查保)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from visitbridge.domain.visit import Visit
from visitbridge.services.outbox import steps
from visitbridge.services.outbox.work import Work

Question = Callable[[Visit], Awaitable[str]]
"""Ask about a visit; the answer as JSON text."""


class QueryHandler:
    steps: Final = (steps.SEND, steps.CONFIRM, steps.PUT_BACK, steps.REJECT)

    def __init__(self, question: Question) -> None:
        self._question = question

    async def attempt(self, work: Work) -> None:
        async with work.step(steps.SEND):
            answer = await self._question(work.visit)
        await work.answer(answer)

    async def settle(self, work: Work) -> None:
        """Never in doubt: see ``Path.QUERY``."""
        await self.attempt(work)
