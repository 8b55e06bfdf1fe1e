"""Acts on a consent, each in one transaction with its line in the ledger and its row in the audit trail (Y07)."""

from __future__ import annotations

from typing import Final

import msgspec

from visitbridge.domain.consents import ConsentEntry
from visitbridge.ports.consents import ConsentRow
from visitbridge.ports.records import AuditEntry, AuditRow
from visitbridge.ports.store import Transaction

_ACTS: Final = "consent."


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who acts, from which phone. ``who``: staff id, ``phone`` when nobody is signed in there, ``box``."""

    who: str
    phone_id: str = ""


BOX: Final = Actor(who="box")


def note(tx: Transaction, entry: ConsentEntry) -> ConsentRow:
    """Put a line into the ledger, and the ledger's new head into the audit trail.

    The audit's own head goes to the data centre with every upload, so lines that are cut off the end of the ledger are
    missed too.
    """
    row = tx.consents.append(entry)
    tx.audit.append(
        AuditEntry(
            at=entry.at,
            who=entry.who,
            act=f"{_ACTS}{entry.act.value}",
            record=entry.consent_id,
            phone_id=entry.phone_id,
            why=f"ledger {row.number} {row.chain}",
        )
    )
    return row


def head_in(row: AuditRow) -> tuple[int, str] | None:
    """Number and chain value of the ledger's line that an audit row witnesses; None for a row about something else."""
    if not row.entry.act.startswith(_ACTS):
        return None
    word, _, rest = row.entry.why.partition(" ")
    number, _, chain = rest.partition(" ")
    return (int(number), chain) if word == "ledger" and number.isdecimal() else None
