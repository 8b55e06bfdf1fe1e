"""The last head of each box's audit trail, and whether it ever went back (rewound box, rows cut off)."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, delete, insert, select

from visitbridge.protocols.datacentre.audit_head import SignedHead
from vpnportal.schema import meta

_OVERTAKEN = 200
"""Rows by which an upload sent earlier may arrive later: more than a box writes while one is under way."""


class KeptHead(msgspec.Struct, frozen=True, kw_only=True):
    """``regressions``: how often a head came that the one before rules out, or from another key."""

    head: SignedHead
    regressions: int = 0


def kept_head(connection: Connection, device_id: str) -> KeptHead | None:
    text = connection.execute(select(meta.c.value).where(meta.c.name == _name(device_id))).scalar()
    return None if text is None else msgspec.json.decode(text, type=KeptHead)


def note_head(connection: Connection, device_id: str, head: SignedHead) -> KeptHead:
    """Keep ``head`` as the last one. Uploads overtake each other, so the newest is kept, and a head is a step back
    only when its number was already told with another value, or came from another key.
    """
    before = kept_head(connection, device_id)
    if before is None:
        return _keep(connection, device_id, KeptHead(head=head))
    other_key = head.key_hex != before.head.key_hex
    other_value = head.number == before.head.number and head.chain != before.head.chain
    went_back = head.number < before.head.number - _OVERTAKEN
    if other_key or other_value or went_back:
        return _keep(connection, device_id, KeptHead(head=head, regressions=before.regressions + 1))
    if head.number <= before.head.number:
        return before
    return _keep(connection, device_id, msgspec.structs.replace(before, head=head))


def _keep(connection: Connection, device_id: str, kept: KeptHead) -> KeptHead:
    connection.execute(delete(meta).where(meta.c.name == _name(device_id)))
    connection.execute(insert(meta).values(name=_name(device_id), value=msgspec.json.encode(kept).decode()))
    return kept


def _name(device_id: str) -> str:
    return f"ah:{device_id}"
