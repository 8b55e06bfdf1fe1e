"""The box's side of the bound line: its certificate, the roots it trusts, and both changed without a gap (Y11)."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Sequence

import msgspec

from visitbridge.adapters.datacentre.credentials import (
    Credentials,
    client_context,
    forget_renewal,
    institution_of,
    life_of,
    load_credentials,
    pending_key,
    pending_renewal,
    save_binding,
    save_renewed,
    save_roots,
    trusting,
)
from visitbridge.adapters.datacentre.http import Portal
from visitbridge.errors import BoundElsewhere, DataCentreBusy, DataCentreError, DataCentreGarbled, NotBound
from visitbridge.ports.portal_keys import CertificateLife, PortalRoot, TrustedRoots
from visitbridge.ports.records import AuditEntry
from visitbridge.ports.store import Store
from visitbridge.protocols.datacentre.device import (
    BindAnswer,
    BindRequest,
    BindTicket,
    DeviceInfo,
    DeviceStatus,
    RenewAnswer,
    RenewRequest,
)
from visitbridge.protocols.datacentre.roots import RootsAnnouncement, is_announced_by

log = logging.getLogger(__name__)

OpenPortal = Callable[[str, ssl.SSLContext], Portal]
"""A connection pool to the data centre at this URL, with this context."""


class BoxIdentity:
    """``ports.PortalKeys`` over the store and the stand-in's protocol, and the portal that both are used with."""

    def __init__(self, store: Store, open_portal: OpenPortal) -> None:
        self._store = store
        self._open_portal = open_portal
        self._credentials: Credentials | None = None
        self._trusted = TrustedRoots()
        self._portal: Portal | None = None
        self._is_foreign = False
        # Held from looking at what is kept until something else is kept and used, so that no change undoes another.
        self._changing = asyncio.Lock()

    async def load(self, *, bound_to: str = "") -> None:
        """Take up what binding left. With ``bound_to``, the code of an institution, only a certificate for that one."""
        kept = await load_credentials(self._store)
        if kept is None:
            return
        named = institution_of(kept[0])
        self._is_foreign = bool(bound_to and named) and named != bound_to
        if self._is_foreign:
            log.error("the box's certificate is another institution's; it is not used")
            return
        await self._use(*kept)

    async def close(self) -> None:
        if self._portal is not None:
            await self._portal.close()
            self._portal = None

    @property
    def is_bound(self) -> bool:
        return self._portal is not None

    @property
    def portal(self) -> Portal:
        """Raises NotBound, BoundElsewhere."""
        if self._portal is None:
            raise self._missing()
        return self._portal

    @property
    def credentials(self) -> Credentials:
        """Raises NotBound, BoundElsewhere."""
        if self._credentials is None:
            raise self._missing()
        return self._credentials

    @property
    def trusted(self) -> TrustedRoots:
        return self._trusted

    @property
    def certificate_life(self) -> CertificateLife:
        return life_of(self.credentials)

    async def bind(
        self, ticket: BindTicket, pin: str, device: DeviceInfo, *, bound_to: str = ""
    ) -> BindAnswer:
        key = await pending_key(self._store, ticket.token, device.sheet_id)
        request = BindRequest(
            token=ticket.token, pin=pin, csr_pem=key.csr_pem, device=device, bound_to=bound_to
        )
        try:
            context = trusting([ticket.ca_pem])
        except (OSError, TypeError, ValueError) as exc:  # TypeError: text that is not ASCII
            raise DataCentreGarbled("the code's certificate cannot be read") from exc
        stranger = self._open_portal(ticket.url, context)
        try:
            answer = await stranger.post("/bind", msgspec.json.encode(request), into=BindAnswer)
        finally:
            await stranger.close()
        if bound_to and answer.institution.code != bound_to:
            raise BoundElsewhere("the ticket is another institution's")
        credentials = Credentials(
            url=ticket.url,
            ca_pem=ticket.ca_pem,
            certificate_pem=answer.certificate_pem,
            key_pem=key.key_pem,
            receipt_key_hex=answer.receipt_key_hex,
        )
        _require_usable(credentials)
        async with self._changing:
            await self._use(credentials, await save_binding(self._store, credentials))
        return answer

    async def try_roots(self, roots: Sequence[PortalRoot]) -> DeviceStatus:
        return await self._try(self.credentials, roots)

    async def change_roots(self, change: Callable[[TrustedRoots], TrustedRoots], entry: AuditEntry) -> None:
        async with self._changing:
            trusted = change(self._trusted)
            context = client_context(self.credentials, trusted.roots)
            await save_roots(self._store, trusted, entry)
            self._trusted = trusted
            self.portal.present(context)

    async def fetch_roots(self) -> RootsAnnouncement:
        announcement = await self.portal.ask("GET", "/roots", into=RootsAnnouncement)
        if not is_announced_by(announcement, self.credentials.receipt_key_hex):
            raise DataCentreGarbled("roots that the data centre did not sign")
        return announcement

    async def renew_certificate(self, entry: AuditEntry) -> None:
        former = self.credentials
        key = await pending_renewal(self._store, former)
        request = msgspec.json.encode(RenewRequest(csr_pem=key.csr_pem))
        answer = await self.portal.post("/device/certificate", request, into=RenewAnswer, repeatable=True)
        renewed = msgspec.structs.replace(former, certificate_pem=answer.certificate_pem, key_pem=key.key_pem)
        try:
            await self._try(renewed, self._trusted.roots)
        except DataCentreError:
            # What was certified is refused: the next attempt begins with another key.
            await forget_renewal(self._store)
            raise
        except ssl.SSLError as exc:
            await forget_renewal(self._store)
            raise DataCentreGarbled("the next certificate is not that of its key") from exc
        async with self._changing:
            if self._credentials is not former:
                raise DataCentreBusy("bound anew while its certificate was renewed")
            context = client_context(renewed, self._trusted.roots)
            await save_renewed(self._store, renewed, entry)
            self._credentials = renewed
            self.portal.present(context)

    async def _try(self, credentials: Credentials, roots: Sequence[PortalRoot]) -> DeviceStatus:
        portal = self._open_portal(credentials.url, client_context(credentials, roots))
        try:
            return await portal.ask("GET", "/device", into=DeviceStatus)
        finally:
            await portal.close()

    def _missing(self) -> NotBound:
        return BoundElsewhere("the certificate is another institution's") if self._is_foreign else NotBound()

    async def _use(self, credentials: Credentials, trusted: TrustedRoots) -> None:
        await self.close()
        self._is_foreign = False
        self._credentials, self._trusted = credentials, trusted
        self._portal = self._open_portal(credentials.url, client_context(credentials, trusted.roots))


def _require_usable(credentials: Credentials) -> None:
    """Raises DataCentreGarbled for a certificate that is none, or is another key's: stored, it would be used at every start."""
    try:
        begins_at = life_of(credentials).begins_at
        client_context(
            credentials, (PortalRoot(pem=credentials.ca_pem, source="binding", added_at=begins_at),)
        )
    except (ssl.SSLError, ValueError) as exc:
        raise DataCentreGarbled("the certificate is not that of its key") from exc
