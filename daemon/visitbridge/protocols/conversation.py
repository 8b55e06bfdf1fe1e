"""A conversation with a card as a generator: it yields command APDUs, is sent whole answers, and returns its result.

Since it neither waits nor looks at a clock, whoever owns the card can run all of it where the card is: a reader with
a thread of its own crosses into that thread once for the whole conversation, not once for every command.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import TypeVar

T = TypeVar("T")

Conversation = Generator[bytes, bytes, T]


def drive(conversation: Conversation[T], send: Callable[[bytes], bytes]) -> T:
    """Run a conversation over a blocking transport."""
    try:
        command = next(conversation)
        while True:
            command = conversation.send(send(command))
    except StopIteration as stop:
        result: T = stop.value
        return result


async def drive_awaiting(conversation: Conversation[T], send: Callable[[bytes], Awaitable[bytes]]) -> T:
    """Run a conversation over an asynchronous transport."""
    try:
        command = next(conversation)
        while True:
            answer = await send(command)
            command = conversation.send(answer)
    except StopIteration as stop:
        result: T = stop.value
        return result
