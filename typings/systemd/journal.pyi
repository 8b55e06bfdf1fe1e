import logging
from collections.abc import Callable
from typing import Any

# The second positional argument is MESSAGE_ID, so other fields go as keywords. None, silently, without a journal.
def send(
    MESSAGE: str,
    MESSAGE_ID: str | None = None,
    CODE_FILE: str | None = None,
    CODE_LINE: int | None = None,
    CODE_FUNC: str | None = None,
    **fields: str | bytes | int,
) -> None: ...

class JournalHandler(logging.Handler):
    def __init__(
        self,
        level: int = ...,
        sender_function: Callable[..., None] = ...,
        **extra_fields: Any,
    ) -> None: ...
    @staticmethod
    def map_priority(levelno: int) -> int: ...
