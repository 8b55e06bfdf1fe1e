"""Binding, device status, SAM (data-centre.md §2)."""

from __future__ import annotations

import msgspec
from aiohttp import web
from sqlalchemy import update

from visitbridge.protocols.datacentre.common import BASE_PATH
from visitbridge.protocols.datacentre.device import (
    BindRequest,
    DeviceStatus,
    RenewAnswer,
    RenewRequest,
    SamVerification,
)
from vpnportal.bind import BindingDesk
from vpnportal.callers import Caller, Need
from vpnportal.clock import PortalClock, next_taipei_midnight
from vpnportal.database import Database
from vpnportal.devices import verify_sam
from vpnportal.limits import RateLimit
from vpnportal.routing import Guard
from vpnportal.schema import devices
from vpnportal.wire import answer, read_message

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
    ) -> None:
        self._database = database
        self._binding = binding
        self._bind_limit = bind_limit
        self._clock = clock
        self._handoff_key_hex = handoff_key_hex

    def register(self, app: web.Application, guard: Guard) -> None:
        app.router.add_post(f"{BASE_PATH}/bind", self._bind)
        guard.add(app, "GET", "/device", Need.CERTIFICATE, self._status)
        guard.add(app, "POST", "/device/health", Need.CERTIFICATE, self._health)
        guard.add(app, "POST", "/device/certificate", Need.ENABLED, self._renew)
        guard.add(app, "POST", "/sam/verify", Need.ENABLED, self._verify_sam)

    async def _bind(self, request: web.Request) -> web.Response:
        self._bind_limit.spend(request.remote or "")
        return answer(await self._binding.bind(await read_message(request, BindRequest)), status=201)

    async def _status(self, _: web.Request, caller: Caller) -> web.Response:
        device = caller.device
        status = DeviceStatus(
            enabled=device.enabled,
            orders=device.orders,
            sam=device.sam,
            handoff_key_hex=self._handoff_key_hex,
        )
        return answer(status)

    async def _health(self, request: web.Request, caller: Caller) -> web.Response:
        report = await read_message(request, dict[str, msgspec.Raw])
        body = msgspec.json.encode(report)
        if len(body) > HEALTH_LIMIT_BYTES:
            raise web.HTTPRequestEntityTooLarge(HEALTH_LIMIT_BYTES, len(body))
        now = self._clock.now()
        await self._database.run(
            lambda connection: connection.execute(
                update(devices)
                .where(devices.c.device_id == caller.device_id)
                .values(health=body.decode(), health_at=now)
            )
        )
        return web.Response(status=204)

    async def _renew(self, request: web.Request, caller: Caller) -> web.Response:
        message = await read_message(request, RenewRequest)
        pem = await self._binding.renew(caller.device, message.csr_pem)
        return answer(RenewAnswer(certificate_pem=pem), status=201)

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
