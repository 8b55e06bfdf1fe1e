"""Certificates change while the box runs: a leaf near its end, a clock set right, a dropped-in file (Y11)."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Callable

from visitbridge.adapters.tls.box_certificate import BoxTls
from visitbridge.errors import ConfigError
from visitbridge.ports.clock import Clock

log = logging.getLogger(__name__)

LOOK_EVERY_S = 3600.0


class CertificateRenewal:
    """Service: asks ``reopen`` every hour what the box should present, and presents it to new connections.

    ``current`` keeps the context that the server has.
    """

    name = "certificate"
    critical = False

    def __init__(self, opened: BoxTls, reopen: Callable[[], BoxTls], clock: Clock) -> None:
        self._reopen = reopen
        self._clock = clock
        self.current = opened

    async def run(self, ready: Callable[[], None]) -> None:
        ready()
        while True:
            await self._clock.wait_until(self._clock.monotonic() + LOOK_EVERY_S)
            try:
                fresh = await asyncio.to_thread(self._reopen)
            except ConfigError as exc:
                # Half of a dropped-in pair was copied, or the disk failed; what is presented stays good.
                log.warning("the certificate is left as it is: %s", exc.code)
                continue
            if fresh.fingerprint != self.current.fingerprint:
                context = self.current.context
                context.load_cert_chain(fresh.chain, fresh.key)
                self.current = dataclasses.replace(fresh, context=context)
                log.info(
                    "presenting a new certificate",
                    extra={"fields": {"expires": fresh.expires_at.isoformat()}},
                )
