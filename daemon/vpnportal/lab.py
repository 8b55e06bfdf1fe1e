"""Lab control: faults, clock, inbox, tickets, over plain HTTP on loopback. Only with ``--lab``."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path
from typing import Annotated

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler
from msgspec import Meta
from sqlalchemy import Connection, select, update

from visitbridge.errors import FieldInvalid, VisitBridgeError
from visitbridge.protocols.datacentre.common import ProblemCode
from vpnportal.bind import issue_ticket
from vpnportal.clock import PortalClock
from vpnportal.database import Database
from vpnportal.devices import Device, find_device_by_name, list_devices, revoke_certificates, set_enabled
from vpnportal.erase_orders import confirm_erasure, order_erasure, standing_case
from vpnportal.faults import Fault, FaultBoard, FaultKind
from vpnportal.folders import Folders
from vpnportal.inbox import read_inbox
from vpnportal.lab_data import LAB_DEVICE, LAB_INSTITUTION
from vpnportal.problems import refuse
from vpnportal.routing import answer_problems
from vpnportal.schema import certificates
from vpnportal.staff import end_sessions_of
from vpnportal.tickets import draw, hand_out, noted_address
from vpnportal.wire import answer, read_message

_NAME = re.compile(r"[a-z0-9-]{1,40}")


class ClockOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds that the portal's clock is ahead of the machine's."""

    offset_s: Annotated[float, Meta(ge=-(10**9), le=10**9)]


class TicketOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``url`` is what goes into QR-2; empty for this portal's own address."""

    name: str = LAB_DEVICE
    institution: str = LAB_INSTITUTION.code
    url: str = ""


class BackupOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str


class Lab:
    """Everything a person in a lab can do to the portal."""

    def __init__(
        self, folders: Folders, database: Database, clock: PortalClock, board: FaultBoard, ca_pem: str
    ) -> None:
        self._folders = folders
        self._database = database
        self._clock = clock
        self._board = board
        self._ca_pem = ca_pem

    def build_app(self) -> web.Application:
        app = web.Application(middlewares=[answer_problems, _refuse_in_words, _only_from_here])
        app.router.add_get("/lab/state", self._state)
        app.router.add_post("/lab/faults", self._arm)
        app.router.add_delete("/lab/faults", self._clear)
        app.router.add_post("/lab/clock", self._set_clock)
        app.router.add_get("/lab/inbox", self._inbox)
        app.router.add_post("/lab/tickets", self._ticket)
        app.router.add_post(
            "/lab/devices/{name}/{act:enable|disable|erase|confirm-erase|revoke}", self._device
        )
        app.router.add_post("/lab/backups", self._back_up)
        app.router.add_post("/lab/restore", self._restore)
        return app

    async def act(self, fault: Fault, serial: str | None) -> None:
        """Carry out a fault that changes the state of the portal, or of the box with this certificate."""
        now = self._clock.now()

        def on_box(connection: Connection) -> None:
            device_id = connection.execute(
                select(certificates.c.device_id).where(certificates.c.serial == serial)
            ).scalar_one_or_none()
            if device_id is None:
                return
            match fault.fault:
                case FaultKind.EXPIRE_CERTIFICATE:
                    connection.execute(
                        update(certificates).where(certificates.c.serial == serial).values(valid_until=now)
                    )
                case FaultKind.REVOKE_CERTIFICATE:
                    revoke_certificates(connection, device_id, now)
                case FaultKind.EXPIRE_TOKEN:
                    end_sessions_of(connection, device_id, now)
                case FaultKind.DISABLE_DEVICE:
                    set_enabled(connection, device_id, enabled=False)
                case _:
                    pass

        if fault.fault is FaultKind.CLOCK_OFFSET:
            self._clock.offset_s = fault.offset_s
        elif fault.fault is FaultKind.RESTORE:
            path = self._backup_path(fault.backup)
            await self._database.call(lambda: self._database.restore(path))
        else:
            await self._database.run(on_box)

    async def _state(self, _: web.Request) -> web.Response:
        devices = await self._database.run(list_devices)
        return answer(
            {
                "epoch": self._database.epoch,
                "now": self._clock.now(),
                "clock_offset_s": self._clock.offset_s,
                "faults": self._board.armed,
                "devices": devices,
            }
        )

    async def _arm(self, request: web.Request) -> web.Response:
        fault = await read_message(request, Fault)
        if fault.fault is FaultKind.RESTORE and not self._backup_path(fault.backup).exists():
            raise FieldInvalid("there is no such backup", field="backup")
        self._board.arm(fault)
        return answer(self._board.armed, status=201)

    async def _clear(self, _: web.Request) -> web.Response:
        self._board.clear()
        return web.Response(status=204)

    async def _set_clock(self, request: web.Request) -> web.Response:
        self._clock.offset_s = (await read_message(request, ClockOrder)).offset_s
        return answer({"now": self._clock.now(), "clock_offset_s": self._clock.offset_s})

    async def _inbox(self, _: web.Request) -> web.Response:
        return answer(await self._database.run(read_inbox))

    async def _ticket(self, request: web.Request) -> web.Response:
        order = await read_message(request, TicketOrder)
        url = order.url or noted_address(self._folders.root)
        now = self._clock.now()
        ticket = await self._database.run(
            lambda connection: issue_ticket(
                connection, _device(connection, order.institution, order.name).device_id, now
            )
        )
        handout = hand_out(ticket, url, self._ca_pem)
        picture = io.BytesIO()
        draw(handout.ticket).save(picture)
        data_url = f"data:image/png;base64,{base64.b64encode(picture.getvalue()).decode()}"
        return answer({"ticket": handout.ticket, "pin": handout.pin, "qr_png_data_url": data_url}, status=201)

    async def _device(self, request: web.Request) -> web.Response:
        name, act, now = request.match_info["name"], request.match_info["act"], self._clock.now()

        def work(connection: Connection) -> None:
            device = _device(connection, LAB_INSTITUTION.code, name)
            match act:
                case "revoke":
                    revoke_certificates(connection, device.device_id, now)
                case "erase":
                    order_erasure(connection, device, now)
                case "confirm-erase":
                    case = standing_case(connection, device.device_id)
                    confirm_erasure(connection, device, unsent=(case and case.unsent) or 0, now=now)
                case _:
                    set_enabled(connection, device.device_id, enabled=act == "enable")

        await self._database.run(work)
        return web.Response(status=204)

    async def _back_up(self, request: web.Request) -> web.Response:
        path = self._backup_path((await read_message(request, BackupOrder)).name)
        await self._database.call(lambda: self._database.back_up(path))
        return web.Response(status=201)

    async def _restore(self, request: web.Request) -> web.Response:
        path = self._backup_path((await read_message(request, BackupOrder)).name)
        epoch = await self._database.call(lambda: self._database.restore(path))
        return answer({"epoch": epoch})

    def _backup_path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise FieldInvalid("up to 40 lower-case letters, digits and -", field="name")
        return self._folders.root / f"lab-backup-{name}.db"


def _device(connection: Connection, institution: str, name: str) -> Device:
    device = find_device_by_name(connection, institution, name)
    if device is None:
        raise FieldInvalid("no such device", field="name")
    return device


@web.middleware
async def _refuse_in_words(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except VisitBridgeError as exc:
        raise refuse(422, exc.code, title=exc.detail, field=exc.field or "") from exc


@web.middleware
async def _only_from_here(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Keep web pages out: a browser on this machine could be made to call us."""
    if request.url.raw_host not in {"127.0.0.1", "localhost"} or "Origin" in request.headers:
        raise refuse(403, ProblemCode.MALFORMED, title="lab control takes local programs only")
    return await handler(request)
