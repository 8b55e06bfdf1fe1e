"""The names of patients whose cards cannot hold them (G07): confirmed once by a person, remembered by this box."""

from __future__ import annotations

import logging
from typing import Protocol

import msgspec

from visitbridge.domain.card_names import LONGEST_NAME, fits_card, is_incomplete
from visitbridge.domain.people import BasicRecord
from visitbridge.errors import FieldInvalid, StoreError
from visitbridge.ports.card_names import CardName
from visitbridge.ports.clock import Clock
from visitbridge.ports.records import AuditEntry
from visitbridge.ports.store import Store, Transaction
from visitbridge.protocols.nhi.basic import decode_name

log = logging.getLogger(__name__)


class Names(Protocol):
    """What the card desk asks for each card that it has read."""

    async def called(self, record: BasicRecord) -> tuple[BasicRecord, bool]: ...


class AsOnCard:
    """Nobody is asked for a name."""

    async def called(self, record: BasicRecord) -> tuple[BasicRecord, bool]:
        return record, False


class CardNameBook:
    """Only names that may be incomplete are ever looked up, so that other cards wait for nothing."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def called(self, record: BasicRecord) -> tuple[BasicRecord, bool]:
        """The record under the name that was confirmed for the card, and whether somebody still has to be asked."""
        record = _as_on_card(record)
        if not is_incomplete(record):
            return record, False
        try:
            known = await self._store.read(lambda tx: tx.card_names.get(record.card_no))
        except StoreError as exc:
            log.warning("a confirmed name was not looked up: %s", exc.code)
            return record, True
        if known is None or known.name_big5 != record.name_big5:
            return record, True
        return msgspec.structs.replace(record, name=known.name), False

    async def confirm(self, record: BasicRecord, name: str, *, who: str, phone_id: str) -> None:
        """Remember ``name`` for this card. Raises FieldInvalid (``name``) for one that the card cannot have shortened."""
        name = name.strip()
        if not name.isprintable() or len(name) > LONGEST_NAME or not fits_card(name, _as_on_card(record)):
            raise FieldInvalid("not what the card could have shortened", field="name")
        now = self._clock.now()
        kept = CardName(card_no=record.card_no, name_big5=record.name_big5, name=name, confirmed_at=now)
        entry = AuditEntry(at=now, who=who, act="card.name", record=record.card_no, phone_id=phone_id)

        def work(tx: Transaction) -> None:
            tx.card_names.put(kept)
            tx.audit.append(entry)

        await self._store.write(work)


def _as_on_card(record: BasicRecord) -> BasicRecord:
    """``record`` without a name that was confirmed before."""
    return msgspec.structs.replace(record, name=decode_name(bytes.fromhex(record.name_big5)))
