"""``ports.PhraseJudge`` through a worker process per phrase."""

from __future__ import annotations

from typing import Final

import msgspec

from visitbridge.adapters.keys.ring import EASY_WORDS
from visitbridge.adapters.worker import OneTaskWorker
from visitbridge.errors import FieldInvalid

_WORKER = "visitbridge.adapters.phrases.worker"

HARD: Final = b"hard"
SOON: Final = b"soon"


class PhraseTask(msgspec.Struct, frozen=True, kw_only=True):
    """What the worker reads. ``own_words``: what anybody who knows this kind of box would try first."""

    phrase: str
    own_words: tuple[str, ...]


class WorkerJudge:
    """One phrase at a time, each within ``deadline_s``: a long one takes some seconds on a slow board."""

    def __init__(self, *, deadline_s: float = 30.0) -> None:
        self._worker = OneTaskWorker(_WORKER, deadline_s=deadline_s)

    async def require_hard(self, phrase: str) -> None:
        """Raises FieldInvalid; RuntimeError when nobody could tell, for a phrase that was not judged is not taken."""
        verdict = await self._worker.ask(msgspec.json.encode(PhraseTask(phrase=phrase, own_words=EASY_WORDS)))
        if verdict == SOON:
            raise FieldInvalid("guessed soon", field="phrase", params={"rule": "guessed_soon"})
        if verdict != HARD:
            raise RuntimeError("the worker did not judge the phrase")
