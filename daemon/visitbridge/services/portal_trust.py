"""By which roots the box knows the data centre, and its own certificate there, so that a change on either side
never cuts it off (Y11).
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from visitbridge.errors import (
    CertificateError,
    DataCentreError,
    LastRoot,
    LinkError,
    NotFound,
)
from visitbridge.ports.clock import Clock
from visitbridge.ports.portal_keys import CertificateLife, PortalKeys, PortalRoot, RootSource, TrustedRoots
from visitbridge.ports.records import AuditEntry
from visitbridge.protocols.certificates import facts_of, judge_root, read_chain, to_pem
from visitbridge.protocols.datacentre.device import DeviceStatus
from visitbridge.protocols.datacentre.roots import RootsAnnouncement
from visitbridge.services.live import LiveBoard
from visitbridge.services.topics import PortalTopic

log = logging.getLogger(__name__)

RENEW_SHARE = 3
"""The certificate is renewed once this part of its life is left: a third."""

RETRY_S = 3600.0
"""After a refusal, or a failure on the way, before it is tried again."""


class RootView(msgspec.Struct, frozen=True, kw_only=True):
    """``fingerprint``: SHA-256 in hex, for comparing by eye with what the data centre's operator says."""

    fingerprint: str
    subject: str
    source: RootSource
    added_at: dt.datetime
    begins_at: dt.datetime
    ends_at: dt.datetime


class PortalTrust:
    """``probe``: ask the data centre at once, because it may be known now."""

    def __init__(
        self, keys: PortalKeys, board: LiveBoard, clock: Clock, *, probe: Callable[[], None]
    ) -> None:
        self._keys = keys
        self._board = board
        self._clock = clock
        self._probe = probe
        self._renew_from_s = 0.0
        self._roots_from_s = 0.0
        self._publish()

    def roots(self) -> tuple[RootView, ...]:
        """All that are trusted; none on a box that is not bound."""
        return tuple(_view(root) for root in self._keys.trusted.roots)

    async def add(self, pem: str, *, who: str, phone_id: str = "") -> RootView:
        """Trust one more root, brought by a technician.

        Raises NotBound, CertificateUnreadable, NotAnAuthority, OutsideValidity.
        """
        facts = judge_root(pem.encode(), self._clock.now())
        fresh = PortalRoot(pem=_clean(pem), source="technician", added_at=self._clock.now())

        def with_it(trusted: TrustedRoots) -> TrustedRoots:
            others = (root for root in trusted.roots if _fingerprint(root) != facts.fingerprint)
            return msgspec.structs.replace(trusted, roots=(*others, fresh))

        entry = self._entry("portal.root.add", facts.fingerprint, who=who, phone_id=phone_id)
        await self._change(with_it, entry)
        self._probe()
        return _view(fresh)

    async def remove(self, fingerprint: str, *, who: str, phone_id: str = "") -> None:
        """Trust a root no longer. Raises NotFound, and LastRoot for the only one."""

        def without_it(trusted: TrustedRoots) -> TrustedRoots:
            kept = tuple(root for root in trusted.roots if _fingerprint(root) != fingerprint)
            if len(kept) == len(trusted.roots):
                raise NotFound("no such root")
            if not kept:
                raise LastRoot("the box would know no data centre")
            return msgspec.structs.replace(trusted, roots=kept)

        entry = self._entry("portal.root.remove", fingerprint, who=who, phone_id=phone_id)
        await self._change(without_it, entry)
        self._probe()

    async def tend(self, status: DeviceStatus) -> None:
        """After an answer of the data centre: take what it announces, and renew the certificate when it is time.

        What goes wrong here is logged and tried again later; the box works on with what it has.
        """
        now_s = self._clock.monotonic()
        if status.roots_digest not in {"", self._keys.trusted.digest} and now_s >= self._roots_from_s:
            self._roots_from_s = now_s + RETRY_S
            await self._try("announced roots are not taken", self._take_announced)
        if now_s >= self._renew_from_s and is_due(self._keys.certificate_life, self._clock.now()):
            self._renew_from_s = now_s + RETRY_S
            await self._try("the certificate is not renewed", self._renew)
        self._publish()

    async def _take_announced(self) -> None:
        announcement = await self._keys.fetch_roots()
        trusted = self._keys.trusted
        if trusted.issued_at is not None and announcement.issued_at <= trusted.issued_at:
            log.warning("roots announced earlier than the last ones are not taken")
            return
        wanted = self._merged(announcement, trusted)
        dropped = [root for root in trusted.roots if root not in wanted]
        unneeded = dropped if dropped and await self._works(wanted) else []

        def announced(now: TrustedRoots) -> TrustedRoots:
            """Only what was proved to be needed no longer goes; what came while that was tried stays."""
            named = self._merged(announcement, now)
            others = (root for root in now.roots if root not in named and root not in unneeded)
            return TrustedRoots(
                roots=(*named, *others), digest=announcement.digest, issued_at=announcement.issued_at
            )

        entry = self._entry("portal.roots.announced", announcement.digest, who="box")
        await self._change(announced, entry)
        log.info("took announced roots", extra={"fields": {"trusted": len(self._keys.trusted.roots)}})
        self._roots_from_s = 0.0

    def _merged(self, announcement: RootsAnnouncement, trusted: TrustedRoots) -> tuple[PortalRoot, ...]:
        """What is named, in its order, then what technicians brought. Raises CertificateError for what is no root."""
        now = self._clock.now()
        known = {_fingerprint(root): root for root in trusted.roots}
        named: dict[str, PortalRoot] = {}
        for pem in announcement.roots:
            fingerprint = judge_root(pem.encode(), now).fingerprint
            fresh = PortalRoot(pem=_clean(pem), source="announced", added_at=now)
            named[fingerprint] = known.get(fingerprint, fresh)
        brought = {fingerprint: root for fingerprint, root in known.items() if root.source == "technician"}
        return tuple({**named, **brought}.values())

    async def _works(self, roots: Sequence[PortalRoot]) -> bool:
        try:
            await self._keys.try_roots(roots)
        except (LinkError, DataCentreError) as exc:
            log.warning("a root is still needed: %s", exc.code)
            return False
        return True

    async def _renew(self) -> None:
        await self._keys.renew_certificate(self._entry("portal.certificate.renew", "", who="box"))
        log.info(
            "certificate renewed",
            extra={"fields": {"expires": self._keys.certificate_life.ends_at.isoformat()}},
        )
        self._renew_from_s = 0.0

    async def _try(self, failure: str, act: Callable[[], Awaitable[None]]) -> None:
        try:
            await act()
        except (LinkError, DataCentreError, CertificateError) as exc:
            log.warning("%s: %s", failure, exc.code)

    async def _change(self, change: Callable[[TrustedRoots], TrustedRoots], entry: AuditEntry) -> None:
        await self._keys.change_roots(change, entry)
        self._publish()

    def _entry(self, act: str, record: str, *, who: str, phone_id: str = "") -> AuditEntry:
        return AuditEntry(at=self._clock.now(), who=who, act=act, record=record, phone_id=phone_id)

    def _publish(self) -> None:
        if self._keys.is_bound:
            self._board.put(
                "portal",
                PortalTopic(
                    certificate_ends_at=self._keys.certificate_life.ends_at,
                    renewal_due=is_due(self._keys.certificate_life, self._clock.now()),
                ),
            )


def is_due(life: CertificateLife, now: dt.datetime) -> bool:
    """Whether a third of the certificate's life, or less, is left."""
    return life.ends_at - now <= (life.ends_at - life.begins_at) / RENEW_SHARE


def _view(root: PortalRoot) -> RootView:
    facts = facts_of(read_chain(root.pem.encode())[0])
    return RootView(
        fingerprint=facts.fingerprint,
        subject=facts.subject,
        source=root.source,
        added_at=root.added_at,
        begins_at=facts.begins_at,
        ends_at=facts.ends_at,
    )


def _fingerprint(root: PortalRoot) -> str:
    return facts_of(read_chain(root.pem.encode())[0]).fingerprint


def _clean(pem: str) -> str:
    """The certificate alone: what stands around it in a file is no business of the store."""
    return to_pem(read_chain(pem.encode())[0])
