"""The portal under test: served over TLS, its database at hand, its time set by the test."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path

from sqlalchemy import Connection, select

from tests.vpnportal.samples import NOW
from visitbridge.domain.people import Institution
from vpnportal.bind import Ticket, issue_ticket
from vpnportal.clock import PortalClock
from vpnportal.database import Database
from vpnportal.devices import Device, add_device, add_institution, find_device
from vpnportal.lab_data import LAB_INSTITUTION, seed_lab
from vpnportal.schema import uploads
from vpnportal.server import ServeOptions, open_portal


class RunningPortal:
    """``clock`` stands at 2026-11-23 10:00 Taipei until a test moves it."""

    def __init__(self, url: str, ca_pem: str, clock: PortalClock, database: Database, device: Device) -> None:
        self.url = url
        self.ca_pem = ca_pem
        self.clock = clock
        self.database = database
        self._device_id = device.device_id

    @property
    def device(self) -> Device:
        """The lab's device as it stands now."""
        return self.database.transact(lambda connection: find_device(connection, self._device_id))

    def add_device(self, name: str, institution: Institution = LAB_INSTITUTION) -> Device:
        """One more approved box."""
        now = self.clock.now()

        def work(connection: Connection) -> Device:
            add_institution(connection, institution)
            return add_device(connection, institution=institution.code, name=name, now=now)

        return self.database.transact(work)

    def issue_ticket(self, device_id: str = "") -> Ticket:
        """A ticket for the lab's device, or another."""
        now = self.clock.now()
        wanted = device_id or self._device_id
        return self.database.transact(lambda connection: issue_ticket(connection, wanted, now))

    def inbox(self) -> list[tuple[str, str, bytes]]:
        """Key, kind and body of everything that was taken, from the database itself."""
        rows = self.database.transact(
            lambda connection: connection.execute(
                select(uploads.c.key, uploads.c.kind, uploads.c.body).order_by(uploads.c.received_at)
            ).all()
        )
        return [(row.key, row.kind, row.body) for row in rows]

    def pass_time(self, duration: dt.timedelta) -> None:
        self.clock.offset_s += duration.total_seconds()


@contextlib.asynccontextmanager
async def open_running_portal(folder: Path) -> AsyncIterator[RunningPortal]:
    clock = PortalClock(lambda: NOW)
    async with open_portal(ServeOptions(folder=folder, port=0), clock) as served:
        device = served.database.transact(lambda connection: seed_lab(connection, clock.now()))
        ca_pem = served.ca_pem
        yield RunningPortal(served.ready.url, ca_pem, clock, served.database, device)
