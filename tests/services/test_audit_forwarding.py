"""The trail leaves the box row by row to the real stand-in over TLS; the box keeps all of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from tests.contract.datacentre_benches import BOX
from tests.vpnportal.portal import RunningPortal, open_running_portal
from visitbridge.adapters.datacentre.client import HttpDataCentre
from visitbridge.errors import LinkDown
from visitbridge.ports.records import AuditEntry, AuditRow
from visitbridge.ports.store import Store, Transaction
from visitbridge.protocols.datacentre.audit_trail import MOST_ROWS
from visitbridge.protocols.datacentre.device import BindTicket
from visitbridge.services.audit_forwarding import AuditForwarding
from visitbridge.sim.clock import FakeClock
from vpnportal.audit_heads import list_alerts
from vpnportal.audit_rows import read_rows

AT = dt.datetime(2026, 11, 23, 2, 0, tzinfo=dt.UTC)


async def write_rows(store: Store, count: int) -> None:
    def work(tx: Transaction) -> None:
        for number in range(count):
            tx.audit.append(
                AuditEntry(at=AT, who="D-1", act="visit.finish", record=f"v-{number}", why="門診")
            )

    await store.write(work)


@pytest.fixture
async def portal(tmp_path: Path) -> AsyncIterator[RunningPortal]:
    async with open_running_portal(tmp_path / "portal") as running:
        yield running


@pytest.fixture
async def data_centre(portal: RunningPortal, store: Store) -> AsyncIterator[HttpDataCentre]:
    client = HttpDataCentre(store, monotonic=FakeClock().monotonic)
    ticket = portal.issue_ticket()
    await client.bind(BindTicket(url=portal.url, token=ticket.token, ca_pem=portal.ca_pem), ticket.pin, BOX)
    yield client
    await client.close()


def kept(portal: RunningPortal) -> list[tuple[int, str]]:
    device_id = portal.device.device_id
    rows = portal.database.transact(lambda connection: tuple(read_rows(connection, device_id)))
    return [(row.number, row.chain) for row in rows]


async def own(store: Store) -> list[tuple[int, str]]:
    rows = await store.read(lambda tx: tx.audit.rows(limit=10_000))
    return [(row.number, row.chain) for row in rows]


async def test_every_row_arrives_once_and_stays_on_the_box(
    store: Store, portal: RunningPortal, data_centre: HttpDataCentre
) -> None:
    forwarding = AuditForwarding(store, data_centre)
    await write_rows(store, MOST_ROWS + 7)
    await forwarding.forward()
    await write_rows(store, 2)
    await forwarding.forward()
    await forwarding.forward()

    assert kept(portal) == await own(store)
    assert len(kept(portal)) == MOST_ROWS + 9
    assert portal.database.transact(list_alerts) == []


class Flaky:
    """Takes rows, and now and then loses its answer, or all that it had."""

    def __init__(self) -> None:
        self.rows: list[AuditRow] = []
        self.lose_reply = False

    async def keep_trail(self, after: int, rows: Sequence[AuditRow]) -> int:
        self.rows[after:] = rows
        if self.lose_reply:
            raise LinkDown
        return len(self.rows)


async def test_a_lost_answer_costs_nothing(store: Store) -> None:
    keeper = Flaky()
    forwarding = AuditForwarding(store, keeper)
    await write_rows(store, 3)
    keeper.lose_reply = True
    await forwarding.forward()
    keeper.lose_reply = False
    await forwarding.forward()

    assert [row.number for row in keeper.rows] == [1, 2, 3]


async def test_what_the_other_side_lost_in_a_restore_is_sent_again(
    store: Store, portal: RunningPortal, data_centre: HttpDataCentre, tmp_path: Path
) -> None:
    forwarding = AuditForwarding(store, data_centre)
    await write_rows(store, 3)
    await forwarding.forward()
    portal.database.back_up(tmp_path / "portal.backup")
    await write_rows(store, 3)
    await forwarding.forward()
    portal.database.restore(tmp_path / "portal.backup")
    await write_rows(store, 1)
    await forwarding.forward()

    assert kept(portal) == await own(store)


@pytest.mark.parametrize("told", [10**30, 2**63, 4, -1])
async def test_rows_that_nobody_sent_are_not_believed_to_be_kept(store: Store, told: int) -> None:
    """Otherwise one answer would keep all later rows from being sent, at every start anew."""
    await write_rows(store, 3)
    await AuditForwarding(store, Boasting(told)).forward()
    await write_rows(store, 2)
    keeper = Flaky()
    keeper.rows = list(await store.read(lambda tx: tx.audit.rows(limit=3)))
    await AuditForwarding(store, keeper).forward()

    assert [row.number for row in keeper.rows] == [1, 2, 3, 4, 5]


class Boasting:
    """Says that it holds ``told`` rows, whatever it is given."""

    def __init__(self, told: int) -> None:
        self._told = told

    async def keep_trail(self, after: int, rows: Sequence[AuditRow]) -> int:
        return self._told
