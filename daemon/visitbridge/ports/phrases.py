"""Whether a pass-phrase would be guessed soon."""

from __future__ import annotations

from typing import Protocol


class PhraseJudge(Protocol):
    async def require_hard(self, phrase: str) -> None:
        """Raises FieldInvalid (``phrase``) for a common one, or one made of common parts."""
        ...
