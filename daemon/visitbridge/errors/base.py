"""What all errors have in common: a stable code and a retry class."""

from __future__ import annotations

import enum
from typing import ClassVar


class Retry(enum.StrEnum):
    """What a caller may do after an error.

    ``LATER``: nothing happened; the same thing may be tried again by itself.
    ``NEVER``: trying again gives the same answer; a person has to change something.
    ``UNKNOWN``: it may have happened; ask or read back first, never repeat.
    """

    LATER = "later"
    NEVER = "never"
    UNKNOWN = "unknown"


class VisitBridgeError(Exception):
    """Base of the tree.

    ``detail`` is for logs. ``field`` names the input at fault, in the API's own path notation
    (``orders[2].days``). ``params`` fill the placeholders of the words; they are shown to the phone that
    asked and must not carry personal data. ``retry`` overrides the class's default for this one case.
    """

    code: ClassVar[str] = "GW-000"
    default_retry: ClassVar[Retry] = Retry.NEVER

    def __init__(
        self,
        detail: str = "",
        *,
        field: str | None = None,
        params: dict[str, str | int] | None = None,
        retry: Retry | None = None,
    ) -> None:
        super().__init__(f"{self.code} {detail}".rstrip())
        self.detail = detail
        self.field = field
        self.params = dict(params or {})
        self.retry = retry or self.default_retry
