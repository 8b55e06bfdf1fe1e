"""The box presents a new certificate without a restart."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from tests.patience import PATIENCE_S
from visitbridge.adapters.tls import INSTITUTION_FILE, BoxTls, CertificateRenewal, open_box_tls
from visitbridge.adapters.tls.renewal import LOOK_EVERY_S
from visitbridge.errors import ConfigError
from visitbridge.protocols.certificates import LEAF_LIFE, RENEW_BEFORE, issue_leaf, make_authority
from visitbridge.services.live import LiveBoard
from visitbridge.services.topics import CertificateTopic
from visitbridge.sim.clock import FakeClock

HOSTS = ("127.0.0.1",)


@dataclass(frozen=True, kw_only=True)
class Served:
    port: int
    renewal: CertificateRenewal
    board: LiveBoard

    @property
    def topic(self) -> CertificateTopic:
        topic = self.board.snapshot()["certificate"]
        assert isinstance(topic, CertificateTopic)
        return topic

    async def wait_topic(self, condition: Callable[[CertificateTopic], bool]) -> None:
        """Until what phones are told fits."""
        if condition(self.topic):
            return
        async for _ in self.board.changes(self.board.seq):
            if condition(self.topic):
                return


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(line)
    writer.close()


@contextlib.asynccontextmanager
async def renewing(opened: BoxTls, reopen: Callable[[], BoxTls], clock: FakeClock) -> AsyncIterator[Served]:
    """A TLS server on a free port whose certificate is looked after."""
    board = LiveBoard()
    renewal = CertificateRenewal(opened, reopen, clock, board)
    server = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=opened.context)
    task = asyncio.create_task(renewal.run(lambda: None))
    try:
        yield Served(port=server.sockets[0].getsockname()[1], renewal=renewal, board=board)
    finally:
        server.close()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def presented(port: int) -> str:
    """SHA-256 of the certificate that the server shows now."""
    trust_nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trust_nobody.check_hostname = False
    trust_nobody.verify_mode = ssl.CERT_NONE
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trust_nobody)
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return x509.load_der_x509_certificate(shown).fingerprint(hashes.SHA256()).hex()


async def an_hour_later(clock: FakeClock) -> None:
    """Let an hour pass, and the look that follows come to its end."""
    await waiting(clock)
    clock.advance(LOOK_EVERY_S)
    await waiting(clock)


async def waiting(clock: FakeClock) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while clock.sleepers == 0:
        assert time.monotonic() < deadline_s
        await asyncio.sleep(0.01)


async def test_a_leaf_near_its_end_is_replaced_while_the_box_runs(tmp_path: Path) -> None:
    clock = FakeClock()

    def reopen() -> BoxTls:
        return open_box_tls(tmp_path, HOSTS, clock.now(), name="box")

    opened = reopen()
    async with renewing(opened, reopen, clock) as served:
        assert await presented(served.port) == opened.fingerprint
        await an_hour_later(clock)
        assert await presented(served.port) == opened.fingerprint

        clock.jump((LEAF_LIFE - RENEW_BEFORE).total_seconds())
        await an_hour_later(clock)

        shown = await presented(served.port)
    assert shown != opened.fingerprint
    assert shown == reopen().fingerprint


async def test_files_that_do_not_fit_leave_the_certificate_as_it_is(tmp_path: Path) -> None:
    clock = FakeClock()
    opened = open_box_tls(tmp_path, HOSTS, clock.now(), name="box")

    def fail() -> BoxTls:
        raise ConfigError("half a pair")

    async with renewing(opened, fail, clock) as served:
        await an_hour_later(clock)
        await an_hour_later(clock)

        assert await presented(served.port) == opened.fingerprint


async def test_a_new_leaf_of_the_institution_is_served_without_a_restart_and_open_connections_stay(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    authority = make_authority("clinic CA", HOSTS, clock.now())
    phone = ssl.create_default_context(cadata=authority.certificate.decode())

    def drop_in() -> None:
        leaf = issue_leaf(authority, HOSTS, clock.now())
        (tmp_path / INSTITUTION_FILE).write_bytes(leaf.key + leaf.certificate)

    def reopen() -> BoxTls:
        return open_box_tls(tmp_path, HOSTS, clock.now(), name="box")

    drop_in()
    opened = reopen()
    async with renewing(opened, reopen, clock) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port, ssl=phone)
        drop_in()
        served.renewal.look_now()
        await served.wait_topic(lambda topic: topic.fingerprint != opened.fingerprint)

        shown = await presented(served.port)
        writer.write(b"still here\n")
        answer = await reader.readline()
        writer.close()
    assert shown == served.topic.fingerprint != opened.fingerprint
    assert answer == b"still here\n"
    assert not served.topic.own


async def test_an_unfit_file_in_place_of_a_good_one_changes_nothing_but_is_told(tmp_path: Path) -> None:
    clock = FakeClock()
    authority = make_authority("clinic CA", HOSTS, clock.now())
    leaf = issue_leaf(authority, HOSTS, clock.now())
    (tmp_path / INSTITUTION_FILE).write_bytes(leaf.key + leaf.certificate)

    def reopen() -> BoxTls:
        return open_box_tls(tmp_path, HOSTS, clock.now(), name="box")

    opened = reopen()
    async with renewing(opened, reopen, clock) as served:
        (tmp_path / INSTITUTION_FILE).write_bytes(leaf.certificate)
        served.renewal.look_now()
        await served.wait_topic(lambda topic: topic.refused != "")

        assert await presented(served.port) == opened.fingerprint
        assert served.topic.refused == "GW-CRT-01"

        clock.jump(LEAF_LIFE.total_seconds())
        served.renewal.look_now()
        await served.wait_topic(lambda topic: topic.own)

        assert await presented(served.port) == reopen().fingerprint
