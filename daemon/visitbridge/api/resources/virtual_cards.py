"""A virtual NHI card's QR code by photo (H04, H07): read on the box, and said what it is.

A code is good once and for minutes, so its text goes nowhere: it is not kept, logged, answered, nor sent, and the patient can
still use it. What a virtual card is good for goes through the insurer's closed service, which this box does not have yet.
"""

from __future__ import annotations

import msgspec

from visitbridge.api.routes import PHOTO_LIMIT_BYTES, PHOTO_TYPES, AnyRoute, Call, NoQuery, Route, signed_in
from visitbridge.domain.people import Right
from visitbridge.ports.imaging import CodeReader
from visitbridge.protocols.scanned_code import ScannedCode, VirtualCardProfile, recognise


class CodeSeen(msgspec.Struct, frozen=True, kw_only=True):
    code: ScannedCode


class VirtualCards:
    def __init__(self, codes: CodeReader, profile: VirtualCardProfile) -> None:
        self._codes = codes
        self._profile = profile

    def routes(self) -> list[AnyRoute]:
        return [
            Route(
                method="POST",
                path="/api/virtual-cards/photo",
                summary="What the QR code in a photo is; nothing of it is kept or sent",
                access=signed_in(Right.VIRTUAL_CARD),
                handler=self._look,
                body=bytes,
                consumes=PHOTO_TYPES,
                limit_bytes=PHOTO_LIMIT_BYTES,
                answer=CodeSeen,
            ),
        ]

    async def _look(self, call: Call[NoQuery, bytes]) -> CodeSeen:
        return CodeSeen(code=recognise(await self._codes.read_code(call.body), self._profile))
