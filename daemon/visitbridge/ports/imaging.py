"""Reading codes in photos that a phone took (ux §3.3: no live camera without a secure context)."""

from __future__ import annotations

from typing import Protocol


class CodeReader(Protocol):
    async def read_code(self, image: bytes) -> str:
        """Text of the one QR code in a JPEG or PNG image.

        Raises FieldInvalid (``photo``) when the image is damaged, too large, or shows no code or several.
        """
        ...
