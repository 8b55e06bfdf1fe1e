"""Certificates change while the box runs: a leaf near its end, a clock set right, a dropped-in file (Y11)."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Callable

import msgspec

from visitbridge.adapters.tls.box_certificate import BoxTls
from visitbridge.errors import ConfigError
from visitbridge.ports.clock import Clock
from visitbridge.runtime.waiting import wait_at_most
from visitbridge.services.live import LiveBoard
from visitbridge.services.topics import CertificateTopic

log = logging.getLogger(__name__)

LOOK_EVERY_S = 3600.0


def topic_of(tls: BoxTls) -> CertificateTopic:
    """What phones are told of a certificate."""
    return CertificateTopic(
        fingerprint=tls.fingerprint,
        ends_at=tls.expires_at,
        own=tls.ca_file is not None,
        refused=tls.refused.code if tls.refused is not None else "",
    )


class CertificateRenewal:
    """Service: asks ``reopen`` every hour, and whenever told to, what the box should present, and presents it to
    new connections; those that are open keep theirs.

    ``current`` keeps the context that the server has. ``told``: set by whoever wants it to look now.
    """

    name = "certificate"
    critical = False

    def __init__(
        self,
        opened: BoxTls,
        reopen: Callable[[], BoxTls],
        clock: Clock,
        board: LiveBoard,
        *,
        told: asyncio.Event | None = None,
    ) -> None:
        self._reopen = reopen
        self._clock = clock
        self._board = board
        self._told = told or asyncio.Event()
        self.current = opened
        self._publish(opened)

    @property
    def topic(self) -> CertificateTopic:
        """What phones are told of it."""
        return self._topic

    def look_now(self) -> None:
        """Somebody put another certificate in place."""
        self._told.set()

    async def run(self, ready: Callable[[], None]) -> None:
        ready()
        while True:
            await wait_at_most(self._clock, self._told.wait(), LOOK_EVERY_S)
            self._told.clear()
            try:
                fresh = await asyncio.to_thread(self._reopen)
            except ConfigError as exc:
                log.warning("the certificate is left as it is: %s", exc.code)
                continue
            self._publish(fresh)
            if fresh.refused is not None and self.current.ca_file is None and self._is_good(self.current):
                # What replaced the file in use cannot be used; what was read from it before still can.
                continue
            self._present(fresh)

    def _present(self, fresh: BoxTls) -> None:
        if fresh.fingerprint == self.current.fingerprint:
            return
        context = self.current.context
        context.load_cert_chain(fresh.chain, fresh.key)
        self.current = dataclasses.replace(fresh, context=context)
        self._publish(fresh)
        log.info("presenting a new certificate", extra={"fields": {"expires": fresh.expires_at.isoformat()}})

    def _is_good(self, tls: BoxTls) -> bool:
        return self._clock.now() < tls.expires_at

    def _publish(self, looked: BoxTls) -> None:
        refused = looked.refused.code if looked.refused is not None else ""
        self._topic = msgspec.structs.replace(topic_of(self.current), refused=refused)
        self._board.put("certificate", self._topic)
