"""Certificates change on both sides of the line, over real TLS; the box is never cut off for good (Y11)."""

from __future__ import annotations

import contextlib
import datetime as dt
import ssl
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from sqlalchemy import update

from tests.contract.datacentre_benches import BOX, open_box_store
from tests.vpnportal.portal import RunningPortal
from tests.vpnportal.samples import NOW
from visitbridge.adapters.datacentre.client import HttpDataCentre
from visitbridge.adapters.datacentre.identity import BoxIdentity
from visitbridge.errors import DataCentreBusy, DataCentreGarbled, LinkDown, NotBound, PortalUntrusted
from visitbridge.ports.records import AuditEntry
from visitbridge.ports.store import Store
from visitbridge.protocols.certificates import make_authority
from visitbridge.protocols.datacentre.device import BindTicket, DeviceStatus
from visitbridge.services.live import LiveBoard
from visitbridge.services.portal_trust import PortalTrust
from visitbridge.sim.clock import FakeClock
from visitbridge.sim.relay import Line, Relay, open_relay
from vpnportal.ca import load_server_authority
from vpnportal.clock import PortalClock, machine_now
from vpnportal.roots import change_over, prepare_next
from vpnportal.schema import certificates
from vpnportal.server import ServeOptions, open_portal

ENTRY = AuditEntry(at=NOW, who="box", act="test")


@dataclass(kw_only=True)
class Bench:
    """A bound box in front of a portal that can be stopped and started on the same folder and port."""

    folder: Path
    store: Store
    relay: Relay
    port: int
    data_centre: HttpDataCentre
    clock: FakeClock

    @property
    def keys(self) -> Path:
        return self.folder / "portal" / "keys"

    def trust(self) -> PortalTrust:
        return PortalTrust(self.data_centre.identity, LiveBoard(), self.clock, probe=lambda: None)

    async def ask(self) -> DeviceStatus:
        return await self.data_centre.device_status()

    def again(self) -> HttpDataCentre:
        """The box after a restart, from the same store."""
        return HttpDataCentre(
            self.store, monotonic=time.monotonic, connect=f"127.0.0.1:{self.relay.port}", answer_timeout_s=8.0
        )

    @contextlib.asynccontextmanager
    async def portal(self) -> AsyncIterator[RunningPortal]:
        options = ServeOptions(folder=self.folder / "portal", port=self.port)
        async with open_portal(options, PortalClock(lambda: NOW)) as served:
            assert urlsplit(served.ready.url).port == self.port
            yield RunningPortal(served, options.folder, PortalClock(lambda: NOW))


@contextlib.asynccontextmanager
async def open_bench(folder: Path) -> AsyncIterator[Bench]:
    async with contextlib.AsyncExitStack() as stack:
        first = open_portal(ServeOptions(folder=folder / "portal", port=0), PortalClock(lambda: NOW))
        async with first as served:
            port = urlsplit(served.ready.url).port or 0
            relay = await stack.enter_async_context(open_relay("127.0.0.1", port))
            store = await stack.enter_async_context(open_box_store(folder))
            bench = Bench(
                folder=folder,
                store=store,
                relay=relay,
                port=port,
                data_centre=HttpDataCentre(
                    store, monotonic=time.monotonic, connect=f"127.0.0.1:{relay.port}", answer_timeout_s=8.0
                ),
                clock=FakeClock(dt.datetime.now(dt.UTC)),
            )
            stack.push_async_callback(bench.data_centre.close)
            portal = RunningPortal(served, folder / "portal", PortalClock(lambda: NOW))
            ticket = portal.issue_ticket()
            bound = BindTicket(url=portal.url, token=ticket.token, ca_pem=portal.ca_pem)
            await bench.data_centre.bind(bound, ticket.pin, BOX)
        yield bench


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with open_bench(tmp_path) as opened:
        yield opened


async def test_Y11_an_announced_change_of_the_root_needs_nobody(bench: Bench) -> None:
    trust = bench.trust()
    async with bench.portal():
        prepare_next(bench.keys, machine_now())
        await trust.tend(await bench.ask())
        former, following = trust.roots()
    change_over(bench.keys, machine_now())

    async with bench.portal():
        restarted = bench.again()
        await restarted.start()
        assert (await restarted.device_status()).enabled
        await restarted.close()

        bench.clock.advance(7200)
        await trust.tend(await bench.ask())
        assert (await bench.ask()).enabled
    assert [root.fingerprint for root in trust.roots()] == [following.fingerprint]
    assert former.source == "binding"


async def test_Y11_a_binding_while_the_certificate_is_renewed_keeps_its_own(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench.portal() as portal:
        identity = bench.data_centre.identity
        prove = BoxIdentity._try

        async def bind_meanwhile(*said: Any) -> DeviceStatus:
            status = await prove(*said)
            ticket = portal.issue_ticket()
            anew = BindTicket(url=portal.url, token=ticket.token, ca_pem=portal.ca_pem)
            await identity.bind(anew, ticket.pin, BOX)
            return status

        monkeypatch.setattr(BoxIdentity, "_try", bind_meanwhile)
        with pytest.raises(DataCentreBusy):
            await identity.renew_certificate(ENTRY)
        bound = identity.credentials

        restarted = bench.again()
        await restarted.start()
        assert restarted.identity.credentials == bound
        assert (await restarted.device_status()).enabled
        await restarted.close()


async def test_Y11_a_root_brought_while_the_certificate_is_renewed_is_trusted_at_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    brought = make_authority("brought", (), machine_now()).certificate.decode()
    async with bench.portal():
        trust = bench.trust()
        prove = BoxIdentity._try

        async def bring_one(*said: Any) -> DeviceStatus:
            status = await prove(*said)
            await trust.add(brought, who="technician")
            return status

        monkeypatch.setattr(BoxIdentity, "_try", bring_one)
        shown: list[int] = []
        present = bench.data_centre.identity.portal.present

        def note(context: ssl.SSLContext) -> None:
            shown.append(len(context.get_ca_certs()))
            present(context)

        monkeypatch.setattr(bench.data_centre.identity.portal, "present", note)
        await bench.data_centre.identity.renew_certificate(ENTRY)

    assert shown == [2, 2]


async def test_Y11_an_unannounced_change_is_named_and_mended_with_the_new_root(bench: Bench) -> None:
    for suffix in ("pem", "key"):
        (bench.keys / f"server-ca.{suffix}").unlink()
    new_root = load_server_authority(bench.keys, machine_now()).pem

    async with bench.portal():
        with pytest.raises(PortalUntrusted) as caught:
            await bench.ask()
        assert caught.value.reason == "root"

        await bench.trust().add(new_root, who="technician")

        assert (await bench.ask()).enabled


async def test_a_removed_root_is_trusted_no_longer_by_connections_that_were_open(bench: Bench) -> None:
    trust = bench.trust()
    former = trust.roots()[0].fingerprint
    other = load_server_authority(bench.folder, machine_now(), name="other").pem
    async with bench.portal():
        assert (await bench.ask()).enabled
        await trust.add(other, who="technician")

        await trust.remove(former, who="technician")

        with pytest.raises(PortalUntrusted):
            await bench.ask()


async def test_announced_roots_that_the_portal_did_not_sign_are_refused(bench: Bench) -> None:
    async with bench.portal():
        await bench.ask()
        file = bench.keys / "roots.json"
        said = msgspec.json.decode(file.read_bytes())
        file.write_bytes(msgspec.json.encode({**said, "issued_at": "2030-01-01T00:00:00Z"}))

        with pytest.raises(DataCentreGarbled):
            await bench.data_centre.identity.fetch_roots()


async def test_the_certificate_is_renewed_and_the_new_one_survives_a_restart(bench: Bench) -> None:
    before = bench.data_centre.identity.credentials
    async with bench.portal() as portal:
        await bench.data_centre.identity.renew_certificate(ENTRY)
        after = bench.data_centre.identity.credentials
        # Only the new one is good from here on.
        portal.database.transact(
            lambda connection: connection.execute(
                update(certificates)
                .where(certificates.c.pem == before.certificate_pem)
                .values(revoked_at=machine_now())
            )
        )
        assert (await bench.ask()).enabled
        restarted = bench.again()
        await restarted.start()
        assert restarted.identity.credentials == after
        assert (await restarted.device_status()).enabled
        await restarted.close()
    assert after.key_pem != before.key_pem
    number, _ = await bench.store.read(lambda tx: tx.audit.head())
    assert number == 1, "the renewal is in the audit trail"


async def test_a_lost_answer_leaves_the_old_certificate_and_the_next_attempt_the_same_new_one(
    bench: Bench,
) -> None:
    before = bench.data_centre.identity.credentials
    async with bench.portal() as portal:
        await bench.ask()  # so that the next request goes out on a connection that is there
        bench.relay.set_line(Line.DEAF)
        with pytest.raises(LinkDown):
            await bench.data_centre.identity.renew_certificate(ENTRY)
        bench.relay.set_line(Line.UP)
        assert bench.data_centre.identity.credentials == before
        assert (await bench.ask()).enabled

        restarted = bench.again()
        await restarted.start()
        await restarted.identity.renew_certificate(ENTRY)
        issued = portal.database.transact(
            lambda connection: connection.exec_driver_sql("select count(*) from certificates").scalar_one()
        )
        await restarted.close()
    assert issued == 2, "the one of binding, and one renewal"


async def test_a_new_certificate_that_is_refused_is_not_used(bench: Bench) -> None:
    """The portal forgets what it certified, as after a restore; the one in use goes on."""
    before = bench.data_centre.identity.credentials
    async with bench.portal() as portal:
        forget = "delete from certificates where pem = new.pem"
        portal.database.transact(
            lambda connection: connection.exec_driver_sql(
                f"create trigger forgetful after insert on certificates begin {forget}; end"
            )
        )

        with pytest.raises(NotBound):
            await bench.data_centre.identity.renew_certificate(ENTRY)
        assert bench.data_centre.identity.credentials == before
        assert (await bench.ask()).enabled

        portal.database.transact(lambda connection: connection.exec_driver_sql("drop trigger forgetful"))
        await bench.data_centre.identity.renew_certificate(ENTRY)
        assert bench.data_centre.identity.credentials != before
