"""The portal under test: served over TLS, its database at hand, its time set by the test."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import Connection, select

from tests.vpnportal.samples import NOW
from visitbridge.domain.people import Institution
from visitbridge.protocols.datacentre.common import BASE_PATH
from vpnportal.bind import Ticket, issue_ticket
from vpnportal.ca import load_device_authority, pem_of
from vpnportal.clock import PortalClock, machine_now
from vpnportal.devices import Device, add_device, add_institution, find_device
from vpnportal.health_reports import Report, history
from vpnportal.lab_data import LAB_INSTITUTION, LAB_STAFF, seed_lab
from vpnportal.schema import uploads
from vpnportal.server import Served, ServeOptions, open_portal
from vpnportal.staff import add_staff


class RunningPortal:
    """``clock`` stands at 2026-11-23 10:00 Taipei until a test moves it."""

    def __init__(self, served: Served, folder: Path, clock: PortalClock) -> None:
        self.url = served.ready.url
        self.lab_url = served.ready.lab_url
        self.office_url = served.ready.office_url
        self.ca_pem = served.ca_pem
        self.clock = clock
        self.database = served.database
        self._app = served.app
        self.folder = folder
        self._device_id = self.database.transact(
            lambda connection: seed_lab(connection, clock.now())
        ).device_id

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

    def add_staff(self, institution: Institution) -> None:
        """Let the lab's people work at another institution too."""

        def work(connection: Connection) -> None:
            add_institution(connection, institution)
            for member in LAB_STAFF:
                add_staff(connection, institution.code, member)

        self.database.transact(work)

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

    def routes(self) -> set[tuple[str, str]]:
        """Method and path of everything that is served."""
        return {
            (route.method, route.resource.canonical.removeprefix(BASE_PATH))
            for route in self._app.router.routes()
            if route.resource is not None and route.method != "HEAD"
        }

    def reports(self) -> tuple[Report, ...]:
        """What the lab's device told of its health, newest first."""
        return self.database.transact(lambda connection: history(connection, self._device_id, 5000))

    def break_table(self, name: str) -> None:
        """Make every use of a table fail."""
        self.database.transact(
            lambda connection: connection.exec_driver_sql(f"ALTER TABLE {name} RENAME TO gone")
        )

    def certify(self, key: ec.EllipticCurvePublicKey) -> str:
        """A certificate by the portal's own device authority that the portal has no record of."""
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nobody")])
        authority = load_device_authority(self.folder / "keys", machine_now())
        return pem_of(authority.issue(key, subject, machine_now(), 1))

    def pass_time(self, duration: dt.timedelta) -> None:
        self.clock.offset_s += duration.total_seconds()


@contextlib.asynccontextmanager
async def open_running_portal(
    folder: Path, *, lab: bool = True, office: bool = False
) -> AsyncIterator[RunningPortal]:
    clock = PortalClock(lambda: NOW)
    options = ServeOptions(folder=folder, port=0, lab=lab, office_port=0 if office else None)
    async with open_portal(options, clock) as served:
        yield RunningPortal(served, folder, clock)
