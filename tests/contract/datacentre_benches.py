"""The two data centres of the contract suite: the stand-in over TLS, and the signature-only one in memory."""

from __future__ import annotations

import contextlib
import datetime as dt
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import msgspec

from tests.vpnportal.portal import RunningPortal, open_running_portal
from visitbridge.adapters.datacentre.client import HttpDataCentre
from visitbridge.adapters.store import open_store
from visitbridge.domain.people import Institution
from visitbridge.domain.roc import TAIPEI
from visitbridge.ports.cloud import CloudRecords
from visitbridge.ports.datacentre import DataCentre
from visitbridge.ports.store import Store
from visitbridge.protocols.datacentre.common import Receipt
from visitbridge.protocols.datacentre.device import BindTicket, DeviceInfo
from visitbridge.protocols.datacentre.records import CloudRecord
from visitbridge.protocols.datacentre.uploads import Recognition, UploadKind
from visitbridge.sim.clock import FakeClock
from visitbridge.sim.relay import Line, open_relay
from visitbridge.sim.signature_only.adapter import INSTITUTION, SignatureOnlyDataCentre
from visitbridge.sim.signature_only.service import SignatureService
from vpnportal.clock import taipei_day
from vpnportal.lab_data import LAB_PATIENTS
from vpnportal.lab_records import tables_of

BOX = DeviceInfo(
    sheet_id="0190d000-0000-7000-8000-000000000001",
    name="contract box",
    kind="visitbridge",
    os_version="test",
    software_version="0",
)
WRONG_PIN = "0000"


class VerifyingDataCentre(DataCentre, CloudRecords, Protocol):
    def believes(self, receipt: Receipt) -> bool: ...


class Bench:
    """One data centre and the hold that a test has on it.

    ``set_line``: ``up``, ``down`` (nothing is sent) or ``deaf`` (it acts, and the answer is lost).
    """

    def __init__(
        self,
        data_centre: VerifyingDataCentre,
        *,
        ticket: BindTicket,
        pin: str,
        institution: Institution,
        now: Callable[[], dt.datetime],
        set_line: Callable[[str], None],
    ) -> None:
        self.data_centre = data_centre
        self.ticket = ticket
        self.pin = pin
        self.institution = institution
        self.now = now
        self.set_line = set_line

    async def bind(self) -> None:
        await self.data_centre.bind(self.ticket, self.pin, BOX)

    async def get_ready(self) -> None:
        """Bound, and the SAM verified today."""
        await self.bind()
        await self.data_centre.verify_sam()

    def recognition(self, visit_id: str) -> bytes:
        """A body that both sides take without a visit before it (N08)."""
        return msgspec.json.encode(
            Recognition(
                card_no="900000000001",
                id_no="A123456788",
                recognised_at=self.now() - dt.timedelta(minutes=5),
                visit_id=visit_id,
                offline=True,
            )
        )

    async def send(self, key: str, body: bytes) -> Receipt:
        return await self.data_centre.send(UploadKind.RECOGNITION, key, body)


OpenBench = Callable[[Path], contextlib.AbstractAsyncContextManager[Bench]]


@contextlib.asynccontextmanager
async def open_portal_bench(folder: Path) -> AsyncIterator[Bench]:
    """The stand-in's own program over TLS on loopback, behind the VPN relay."""
    async with (
        open_running_portal(folder / "portal") as portal,
        open_box_store(folder) as store,
        open_relay("127.0.0.1", urlsplit(portal.url).port or 0) as relay,
    ):
        data_centre = HttpDataCentre(
            store,
            monotonic=time.monotonic,
            connect=f"127.0.0.1:{relay.port}",
            answer_timeout_s=8.0,
        )
        ticket = portal.issue_ticket()
        try:
            yield Bench(
                data_centre,
                ticket=BindTicket(url=portal.url, token=ticket.token, ca_pem=portal.ca_pem),
                pin=ticket.pin,
                institution=portal.device.institution,
                now=_clock_of(portal),
                set_line=lambda line: relay.set_line(Line(line)),
            )
        finally:
            relay.set_line(Line.UP)
            await data_centre.close()


@contextlib.asynccontextmanager
async def open_signature_bench(folder: Path) -> AsyncIterator[Bench]:
    """The service that keeps the records itself (data-centre.md §5)."""
    clock = FakeClock(dt.datetime(2026, 11, 23, 10, 0, tzinfo=TAIPEI))
    service = SignatureService(now=clock.now)
    service.records = {id_no: lab_records(id_no, clock.now()) for id_no in ("A123456788", "A223456780")}
    data_centre = SignatureOnlyDataCentre(service, monotonic=clock.monotonic)

    def set_line(line: str) -> None:
        data_centre.line = line

    yield Bench(
        data_centre,
        ticket=BindTicket(url="https://service.invalid", token="t", ca_pem=""),
        pin="0219",
        institution=INSTITUTION,
        now=clock.now,
        set_line=set_line,
    )


@contextlib.asynccontextmanager
async def open_box_store(folder: Path) -> AsyncIterator[Store]:
    async with open_store(folder / "box.db", bytes(32), clock=FakeClock()) as store:
        yield store


def lab_records(id_no: str, now: dt.datetime) -> tuple[CloudRecord, ...]:
    """What the lab's portal has of a person."""
    lines = {patient.id_no: patient.records for patient in LAB_PATIENTS}
    tables = tables_of(taipei_day(now)).values()
    return tuple(record for table in tables for record in table[: lines[id_no]])


def _clock_of(portal: RunningPortal) -> Callable[[], dt.datetime]:
    return portal.clock.now


BENCHES: dict[str, OpenBench] = {
    "stand-in over TLS": open_portal_bench,
    "signature only": open_signature_bench,
}
