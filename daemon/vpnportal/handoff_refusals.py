"""What an import refused for good, kept by key until its box has asked, since no answer goes back with a file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, delete, insert, select

from visitbridge.protocols.datacentre.common import Problem
from visitbridge.protocols.datacentre.handoff import Refused
from vpnportal.schema import handoff_refusals, receipts

_BATCH = 500


def note_refusal(connection: Connection, institution: str, refused: Refused, at: dt.datetime) -> None:
    """Keep why a key was refused; the last import of the same key stands."""
    forget_refusal(connection, institution, refused.key)
    connection.execute(
        insert(handoff_refusals).values(
            institution=institution,
            key=refused.key,
            digest=refused.digest,
            refused_at=at,
            document=msgspec.json.encode(refused.problem),
        )
    )


def forget_refusal(connection: Connection, institution: str, key: str) -> None:
    connection.execute(
        delete(handoff_refusals).where(
            handoff_refusals.c.institution == institution, handoff_refusals.c.key == key
        )
    )


def find_refusals(connection: Connection, institution: str, keys: Sequence[str]) -> tuple[Refused, ...]:
    """Those of ``keys`` that were refused and have no receipt for the same body since, whichever way it came."""
    found: list[Refused] = []
    for start in range(0, len(keys), _BATCH):
        rows = connection.execute(
            select(handoff_refusals).where(
                handoff_refusals.c.institution == institution,
                handoff_refusals.c.key.in_(keys[start : start + _BATCH]),
                ~select(receipts.c.key)
                .where(
                    receipts.c.key == handoff_refusals.c.key,
                    receipts.c.institution == institution,
                    receipts.c.digest == handoff_refusals.c.digest,
                )
                .exists(),
            )
        )
        found += (
            Refused(key=row.key, digest=row.digest, problem=msgspec.json.decode(row.document, type=Problem))
            for row in rows
        )
    return tuple(found)
