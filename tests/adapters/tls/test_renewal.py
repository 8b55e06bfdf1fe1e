"""The box presents a new certificate without a restart."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from visitbridge.adapters.tls import LEAF_LIFE, RENEW_BEFORE, BoxTls, CertificateRenewal, open_box_tls
from visitbridge.adapters.tls.renewal import LOOK_EVERY_S
from visitbridge.errors import ConfigError
from visitbridge.sim.clock import FakeClock

HOSTS = ("127.0.0.1",)


@contextlib.asynccontextmanager
async def renewing(opened: BoxTls, reopen: Callable[[], BoxTls], clock: FakeClock) -> AsyncIterator[int]:
    """A TLS server on a free port whose certificate is looked after."""
    renewal = CertificateRenewal(opened, reopen, clock)
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=opened.context)
    task = asyncio.create_task(renewal.run(lambda: None))
    try:
        yield server.sockets[0].getsockname()[1]
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
    for _ in range(3):
        await asyncio.sleep(0)
    clock.advance(LOOK_EVERY_S)
    await asyncio.to_thread(lambda: None)
    for _ in range(10):
        await asyncio.sleep(0.01)


async def test_a_leaf_near_its_end_is_replaced_while_the_box_runs(tmp_path: Path) -> None:
    clock = FakeClock()

    def reopen() -> BoxTls:
        return open_box_tls(tmp_path, HOSTS, clock.now(), name="box")

    opened = reopen()
    async with renewing(opened, reopen, clock) as port:
        assert await presented(port) == opened.fingerprint
        await an_hour_later(clock)
        assert await presented(port) == opened.fingerprint

        clock.jump((LEAF_LIFE - RENEW_BEFORE).total_seconds())
        await an_hour_later(clock)

        shown = await presented(port)
    assert shown != opened.fingerprint
    assert shown == reopen().fingerprint


async def test_files_that_do_not_fit_leave_the_certificate_as_it_is(tmp_path: Path) -> None:
    clock = FakeClock()
    opened = open_box_tls(tmp_path, HOSTS, clock.now(), name="box")

    def fail() -> BoxTls:
        raise ConfigError("half a pair")

    async with renewing(opened, fail, clock) as port:
        await an_hour_later(clock)
        await an_hour_later(clock)

        assert await presented(port) == opened.fingerprint
