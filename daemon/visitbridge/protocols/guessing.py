"""How soon a secret that a person chose would be guessed by whoever tries what people choose.

zxcvbn (D. L. Wheeler, USENIX Security 2016) knows 30,000 passwords out of breaches, dictionaries, names, rows of keys, repeats,
sequences and dates, and finds them inside a longer text and joined to one another. Importing it takes some 14 MB: the
daemon has it imported by a process of its own (``adapters.phrases``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import zxcvbn

from visitbridge.errors import FieldInvalid

LONGEST: Final = 128
"""Characters; what zxcvbn does with a text grows with the square of its length, and everybody's limits here are lower or this."""

HARD_LOG10: Final = 8.0
"""A hundred million guesses; each costs 128 MiB and a second where a secret is stretched as ours are."""


def guesses_log10(secret: str, own_words: Sequence[str] = ()) -> float:
    """Decimal logarithm of the guesses; ``own_words``: what anybody would try first here."""
    found = zxcvbn.zxcvbn(secret[:LONGEST], user_inputs=list(own_words), max_length=LONGEST)
    return float(found["guesses_log10"])


def require_hard(secret: str, *, field: str, own_words: Sequence[str] = ()) -> None:
    """Raises FieldInvalid (``field``) for a secret that is guessed soon; the secret is not in it."""
    if guesses_log10(secret, own_words) < HARD_LOG10:
        raise FieldInvalid(
            "common passwords, rows of keys, repeats and dates are guessed soon, joined together too",
            field=field,
            params={"rule": "guessed_soon"},
        )
