"""A transaction as services see it: one repository for each kind of row."""

from __future__ import annotations

from typing import Final

from visitbridge.adapters.store.audit import SqlAudit
from visitbridge.adapters.store.box import SqlDataSets, SqlLinkHistory, SqlSettings
from visitbridge.adapters.store.card_names import SqlCardNames
from visitbridge.adapters.store.consents import SqlConsents
from visitbridge.adapters.store.drafts import SqlEditors, SqlSignatures
from visitbridge.adapters.store.jobs import SqlJobs
from visitbridge.adapters.store.people import SqlPhones, SqlPhoneSessions, SqlStaffSessions
from visitbridge.adapters.store.plans import SqlPlans
from visitbridge.adapters.store.prints import SqlPrints
from visitbridge.adapters.store.readers import SqlBluetoothReaders
from visitbridge.adapters.store.receipts import SqlReceipts
from visitbridge.adapters.store.record_copies import SqlRecordCopies
from visitbridge.adapters.store.session import Session
from visitbridge.adapters.store.visits import SqlVisits
from visitbridge.ports.clock import Clock


class SqlTransaction:
    """Implements ``ports.store.Transaction``. Serves every transaction of one connection, one at a time."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self.visits: Final = SqlVisits(session, clock)
        self.editors: Final = SqlEditors(session)
        self.signatures: Final = SqlSignatures(session)
        self.prints: Final = SqlPrints(session)
        self.jobs: Final = SqlJobs(session, clock)
        self.receipts: Final = SqlReceipts(session, clock)
        self.settings: Final = SqlSettings(session)
        self.audit: Final = SqlAudit(session)
        self.phones: Final = SqlPhones(session)
        self.phone_sessions: Final = SqlPhoneSessions(session)
        self.staff_sessions: Final = SqlStaffSessions(session)
        self.datasets: Final = SqlDataSets(session)
        self.link_history: Final = SqlLinkHistory(session)
        self.consents: Final = SqlConsents(session)
        self.record_copies: Final = SqlRecordCopies(session)
        self.plans: Final = SqlPlans(session)
        self.bluetooth_readers: Final = SqlBluetoothReaders(session)
        self.card_names: Final = SqlCardNames(session)
