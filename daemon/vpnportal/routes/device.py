"""Binding, device status, SAM (data-centre.md §2)."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from visitbridge.errors import FieldInvalid
from visitbridge.protocols.datacentre.announcements import AnnouncementList
from visitbridge.protocols.datacentre.common import BASE_PATH
from visitbridge.protocols.datacentre.device import (
    BindRequest,
    DeviceStatus,
    RenewAnswer,
    RenewRequest,
    SamVerification,
)
from visitbridge.protocols.datacentre.erasure import EraseReport
from visitbridge.protocols.datacentre.roots import RootsAnnouncement
from visitbridge.protocols.health import BoxHealth
from vpnportal.announcements import standing
from vpnportal.bind import BindingDesk
from vpnportal.callers import Caller, Need
from vpnportal.clock import PortalClock, next_taipei_midnight
from vpnportal.database import Database
from vpnportal.devices import device_disabled, verify_sam
from vpnportal.erase_orders import Sign, note_report, signed_order
from vpnportal.health_reports import keep_report
from vpnportal.limits import RateLimit
from vpnportal.problems import malformed
from vpnportal.routing import Guard
from vpnportal.wire import answer, decode, read_message

HEALTH_LIMIT_BYTES = 16 * 1024


class DeviceRoutes:
    """What a box asks about itself."""

    def __init__(
        self,
        database: Database,
        binding: BindingDesk,
        bind_limit: RateLimit,
        clock: PortalClock,
        *,
        handoff_key_hex: str,
        sign: Sign,
        roots: Callable[[], RootsAnnouncement],
    ) -> None:
        self._database = database
        self._binding = binding
        self._bind_limit = bind_limit
        self._clock = clock
        self._handoff_key_hex = handoff_key_hex
        self._sign = sign
        self._roots = roots

    def register(self, app: web.Application, guard: Guard) -> None:
        app.router.add_post(f"{BASE_PATH}/bind", self._bind)
        guard.add(app, "GET", "/device", Need.CERTIFICATE, self._status)
        guard.add(app, "POST", "/device/health", Need.CERTIFICATE, self._health)
        guard.add(app, "POST", "/device/certificate", Need.CERTIFICATE, self._renew)
        guard.add(app, "POST", "/device/erasure", Need.CERTIFICATE, self._erasure)
        guard.add(app, "GET", "/announcements", Need.CERTIFICATE, self._announcements)
        guard.add(app, "GET", "/roots", Need.CERTIFICATE, self._announce_roots)
        guard.add(app, "POST", "/sam/verify", Need.CERTIFICATE, self._verify_sam)

    async def _bind(self, request: web.Request) -> web.Response:
        self._bind_limit.spend(request.remote or "")
        return answer(await self._binding.bind(await read_message(request, BindRequest)), status=201)

    async def _status(self, _: web.Request, caller: Caller) -> web.Response:
        device = caller.device
        order = await self._database.run(lambda connection: signed_order(connection, device, self._sign))
        announced = await self._standing(caller)
        status = DeviceStatus(
            enabled=device.enabled,
            orders=device.orders,
            sam=device.sam,
            handoff_key_hex=self._handoff_key_hex,
            erase=order,
            roots_digest=self._roots().digest,
            announcements_digest=announced.digest,
        )
        return answer(status)

    async def _announcements(self, _: web.Request, caller: Caller) -> web.Response:
        return answer(await self._standing(caller))

    async def _standing(self, caller: Caller) -> AnnouncementList:
        institution, now = caller.device.institution.code, self._clock.now()
        return await self._database.run(lambda connection: standing(connection, institution, now))

    async def _announce_roots(self, _: web.Request, caller: Caller) -> web.Response:
        return answer(self._roots())

    async def _health(self, request: web.Request, caller: Caller) -> web.Response:
        body = await request.read()
        if len(body) > HEALTH_LIMIT_BYTES:
            raise web.HTTPRequestEntityTooLarge(HEALTH_LIMIT_BYTES, len(body))
        health = decode(body, BoxHealth)
        now = self._clock.now()
        await self._database.run(lambda connection: keep_report(connection, caller.device_id, health, now))
        return web.Response(status=204)

    async def _renew(self, request: web.Request, caller: Caller) -> web.Response:
        if not caller.device.enabled:
            raise device_disabled()
        message = await read_message(request, RenewRequest)
        pem = await self._binding.renew(caller.device, message.csr_pem)
        return answer(RenewAnswer(certificate_pem=pem), status=201)

    async def _erasure(self, request: web.Request, caller: Caller) -> web.Response:
        report = await read_message(request, EraseReport)
        now = self._clock.now()
        try:
            await self._database.run(lambda connection: note_report(connection, caller.device, report, now))
        except FieldInvalid as exc:
            raise malformed(exc.detail, field="order_id") from exc
        return web.Response(status=204)

    async def _verify_sam(self, _: web.Request, caller: Caller) -> web.Response:
        now = self._clock.now()
        verified_at = await self._database.run(
            lambda connection: verify_sam(connection, caller.device_id, now)
        )
        return answer(
            SamVerification(
                sam_id=caller.device.sam.sam_id,
                verified_at=verified_at,
                valid_until=next_taipei_midnight(now),
            )
        )
