"""A card for reader tests: the documented public read, counters, and answers of every shape. Nothing of ours."""

from __future__ import annotations

import asyncio

from tests.patience import PATIENCE_S

NHI_AID = bytes.fromhex("D1580000010000000000000000001100")
SELECT_NHI = bytes.fromhex("00A4040010") + NHI_AID
GET_DATA = bytes.fromhex("00CA1100020000")

# nhi-domain §1.2: card number 12, name 20 (Big5, NUL-padded), id 10, birth date 7, sex 1, issue date 7.
RECORD = (
    b"900000000099"
    + bytes.fromhex("B4FAB8D5A5CE") + bytes(14)
    + b"A123456788"
    + b"0300101"
    + b"F"
    + b"1090501"
)  # fmt: skip

# Historical bytes "ICC-NHI 0" without interface bytes: T=0 (nhi-domain §1.1). The other names T=1 in TD1 and nothing
# more, "NHI CARD 1"; QEMU's reader miscounts the bytes of richer ones and ignores the card.
ATR_T0 = bytes.fromhex("3B6900004943432D4E48492030")
ATR_T1 = bytes.fromhex("3B8A014E484920434152442031E1")


class DemoCard:
    """``executed`` counts commands that reached the card, ``resets`` how often it lost power or was reset."""

    def __init__(self, atr: bytes = ATR_T0) -> None:
        self.atr = atr
        self.executed = 0
        self.resets = 0
        self.is_selected = False
        self._acted = asyncio.Event()

    async def wait_executed(self, count: int) -> None:
        """Return when the card has acted on this many commands."""
        async with asyncio.timeout(PATIENCE_S):
            while self.executed < count:
                self._acted.clear()
                await self._acted.wait()

    def reset(self) -> None:
        self.resets += 1
        self.is_selected = False

    def execute(self, apdu: bytes) -> bytes:
        self.executed += 1
        self._acted.set()
        if apdu[:4] == bytes.fromhex("00A40400"):
            self.is_selected = apdu[5 : 5 + apdu[4]] == NHI_AID
            return bytes.fromhex("9000" if self.is_selected else "6A82")
        if apdu[1] == 0xB0:
            return pattern(int.from_bytes(apdu[2:4], "big")) + b"\x90\x00"
        if not self.is_selected:
            return b"\x69\x85"
        if apdu[:4] == bytes.fromhex("00CA1100"):
            return RECORD + b"\x90\x00"
        return b"\x6d\x00"


def read_pattern(length: int, data: bytes = b"", *, le: int = 0) -> bytes:
    """A command (case 2, or case 4 with ``data``) that the card answers with ``length`` bytes of a pattern."""
    header = b"\x00\xb0" + length.to_bytes(2, "big")
    return header + (bytes((len(data),)) + data if data else b"") + bytes((le,))


def pattern(length: int) -> bytes:
    return bytes(index & 0xFF for index in range(length))
