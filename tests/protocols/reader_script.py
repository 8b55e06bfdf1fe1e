"""Plays a dialogue against a written script of what must be sent and what the reader answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from visitbridge.protocols.reader_talk import Dialogue

R = TypeVar("R")
T = TypeVar("T")


def play(dialogue: Dialogue[R, T], script: Sequence[tuple[str, R]]) -> T:
    """Return what the dialogue returns; ``script``: messages in hex as they must be sent, and the replies."""
    turn = next(dialogue)
    try:
        for expected, reply in script:
            assert turn.message == bytes.fromhex(expected)
            turn = dialogue.send(reply)
    except StopIteration as stop:
        result: T = stop.value
        return result
    raise AssertionError(f"the dialogue goes on: {turn.message.hex()}")
