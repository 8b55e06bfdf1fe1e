"""A database that knows the lab's people, the starter codes, and one visit written to a card."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, insert

from tests.vpnportal.checks.ic_samples import (
    BARE,
    BARE_TIME,
    NORMAL,
    NUMBER,
    ORDER_SIGNATURES,
    SIGNATURE,
    VISIT_TIME,
)
from tests.vpnportal.samples import NOW
from vpnportal.checks import Situation, Verdict
from vpnportal.clock import PortalClock
from vpnportal.commands.tables import put_starter_sets
from vpnportal.database import Database, open_database
from vpnportal.datasets import DataSetShelf
from vpnportal.lab_data import LAB_INSTITUTION, seed_lab
from vpnportal.receipts import CardReceipts, ReceiptBook
from vpnportal.schema import card_intents

Judge = Callable[[Callable[[bytes, Situation], Verdict], bytes], list[tuple[str, str]]]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder: Path = tmp_path_factory.mktemp("portal")
    with open_database(f"sqlite:///{folder}/portal.db") as database:
        put_starter_sets(DataSetShelf(database, folder), lambda _: None)
        device = database.transact(lambda connection: seed_lab(connection, NOW))
        times = {"visit": VISIT_TIME, "prescription": VISIT_TIME, "bare": BARE_TIME}
        intents = [
            {
                "key": key,
                "digest": "00",
                "institution": LAB_INSTITUTION.code,
                "device_id": device.device_id,
                "card_no": NORMAL["A11"],
                "visit_time": time,
                "opened_at": NOW,
            }
            for key, time in times.items()
        ]
        database.transact(lambda connection: connection.execute(insert(card_intents), intents))
        receipts = CardReceipts(
            database, ReceiptBook(database, Ed25519PrivateKey.generate(), PortalClock(lambda: NOW))
        )
        receipts.issue("visit", "card_visit", "00", {"sequence_no": NUMBER, "signature": SIGNATURE})
        receipts.issue("bare", "card_visit", "00", {"sequence_no": BARE["A18"], "signature": SIGNATURE})
        receipts.issue(
            "prescription", "card_prescription", "00", {"order_signatures": ",".join(ORDER_SIGNATURES)}
        )
        yield database


@pytest.fixture
def judge(database: Database) -> Judge:
    """Codes and fields of the findings, for the lab's box with SAM 912345678901 at 2026-11-23 10:00 in Taipei."""

    def findings(check: Callable[[bytes, Situation], Verdict], body: bytes) -> list[tuple[str, str]]:
        def work(connection: Connection) -> Verdict:
            return check(
                body,
                Situation(connection=connection, institution=LAB_INSTITUTION, sam_id=NORMAL["A16"], now=NOW),
            )

        return [(found.code, found.field) for found in database.transact(work).findings]

    return findings
