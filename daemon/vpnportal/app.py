"""The portal wired together: one readable place where every part meets its collaborators."""

from __future__ import annotations

from aiohttp import web
from aiohttp.typedefs import Middleware

from visitbridge.protocols.datacentre.uploads import UploadKind
from vpnportal.bind import BindingDesk
from vpnportal.ca import load_device_authority
from vpnportal.cards import CardSessions, StaffScripts
from vpnportal.checks.ic_record import check_ic_records
from vpnportal.checks.simple import check_delivery, check_recognition
from vpnportal.checks.visit import check_visit
from vpnportal.clock import PortalClock, machine_now
from vpnportal.database import Database
from vpnportal.datasets import DataSetShelf
from vpnportal.folders import Folders
from vpnportal.handoff import load_handoff_key
from vpnportal.limits import RateLimit
from vpnportal.receipts import CardReceipts, ReceiptBook, load_signing_key
from vpnportal.roots import announced_roots
from vpnportal.routes.audit import AuditRoutes
from vpnportal.routes.cards import CardRoutes
from vpnportal.routes.datasets import DataSetRoutes
from vpnportal.routes.device import DeviceRoutes
from vpnportal.routes.records import RecordRoutes
from vpnportal.routes.staff import StaffRoutes
from vpnportal.routes.uploads import UploadRoutes
from vpnportal.routing import Guard, answer_problems, stamp_answers
from vpnportal.sign_in import SignInDesk
from vpnportal.uploads import UploadDesk

BODY_LIMIT_BYTES = 4 * 1024 * 1024

BIND_TRIES, BIND_WINDOW_S = 20, 60.0


def build_app(
    folders: Folders, database: Database, clock: PortalClock, misbehave: Middleware | None = None
) -> web.Application:
    """The portal over an open database; keys are read from, or made in, their folder.

    ``misbehave`` stands between the portal and its answers: a lab's faults.
    """
    receipts = ReceiptBook(database, load_signing_key(folders.keys), clock)
    binding = BindingDesk(database, load_device_authority(folders.keys, machine_now()), receipts, clock)
    shelf = DataSetShelf(database, folders.datasets)
    upload_desk = build_upload_desk(database, receipts, clock)
    handoff_key = load_handoff_key(folders.keys).public_key().public_bytes_raw().hex()

    middlewares = [answer_problems] if misbehave is None else [answer_problems, misbehave]
    app = web.Application(middlewares=middlewares, client_max_size=BODY_LIMIT_BYTES)
    stamp_answers(app, database, clock)
    guard = Guard(database, clock)
    DeviceRoutes(
        database,
        binding,
        RateLimit(BIND_TRIES, BIND_WINDOW_S),
        clock,
        handoff_key_hex=handoff_key,
        sign=receipts.sign,
        roots=lambda: announced_roots(folders.keys, receipts.sign, machine_now()),
    ).register(app, guard)
    UploadRoutes(database, upload_desk, receipts, clock).register(app, guard)
    DataSetRoutes(database, shelf).register(app, guard)
    StaffRoutes(database, SignInDesk(database, StaffScripts(), clock), clock).register(app, guard)
    CardRoutes(database, CardSessions(CardReceipts(database, receipts), clock), clock).register(app, guard)
    AuditRoutes(database, clock).register(app, guard)
    RecordRoutes(database, clock).register(app, guard)
    return app


def build_upload_desk(database: Database, receipts: ReceiptBook, clock: PortalClock) -> UploadDesk:
    """The inbox with its checks, for boxes that send and for files that are carried in."""
    checks = {
        UploadKind.VISIT: check_visit,
        UploadKind.IC_RECORD: check_ic_records,
        UploadKind.RECOGNITION: check_recognition,
        UploadKind.DELIVERY: check_delivery,
    }
    return UploadDesk(database, receipts, clock, checks)
