"""By what a patient is identified unless somebody says otherwise, on each phone (H03, I01, S05, S06).

It sets what the start of a visit shows first, and shuts nothing: every way stays one press away there.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Final

import msgspec

from visitbridge.ports.store import Store, Transaction
from visitbridge.services.live import LiveBoard
from visitbridge.services.topics import PerPhone

_SETTING: Final = "identify.by"


class IdentifyBy(enum.StrEnum):
    """The NHI card itself (健保卡), its virtual twin (虛擬卡), or a photo of the card (拍照)."""

    CARD = "card"
    VIRTUAL_CARD = "virtual_card"
    PHOTO = "photo"


class IdentifyTopic(msgspec.Struct, frozen=True, kw_only=True):
    by: IdentifyBy


class _Board(PerPhone, frozen=True, kw_only=True):
    chosen: dict[str, IdentifyBy]

    def for_phone(self, phone_id: str) -> IdentifyTopic:
        return IdentifyTopic(by=self.chosen.get(phone_id, IdentifyBy.CARD))


class IdentifyBook:
    """``is_paired``: what a phone chose is forgotten some time after it was removed."""

    def __init__(self, store: Store, board: LiveBoard, is_paired: Callable[[str], bool]) -> None:
        self._store = store
        self._board = board
        self._is_paired = is_paired

    async def load(self) -> None:
        self._publish(await self._store.read(_chosen))

    async def choose(self, phone_id: str, by: IdentifyBy) -> None:
        """Durable when it returns."""

        def work(tx: Transaction) -> dict[str, IdentifyBy]:
            chosen = {phone: way for phone, way in _chosen(tx).items() if self._is_paired(phone)}
            chosen[phone_id] = by
            tx.settings.set(_SETTING, msgspec.json.encode(chosen).decode())
            return chosen

        self._publish(await self._store.write(work))

    def _publish(self, chosen: dict[str, IdentifyBy]) -> None:
        self._board.put("identify", _Board(chosen=chosen))


def _chosen(tx: Transaction) -> dict[str, IdentifyBy]:
    text = tx.settings.get(_SETTING)
    return {} if text is None else msgspec.json.decode(text, type=dict[str, IdentifyBy])
