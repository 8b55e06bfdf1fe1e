"""The office's pages over HTTPS: sign-in by link, the list of boxes, one box. No script; nothing about patients."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler
from sqlalchemy import Connection

from visitbridge.errors import FieldInvalid
from vpnportal import operators
from vpnportal.clock import PortalClock
from vpnportal.database import Database
from vpnportal.devices import set_note
from vpnportal.fleet import FleetBox, FleetQuery, Limits, look
from vpnportal.health_reports import history
from vpnportal.office.box_page import MOST_ACTS, MOST_REPORTS, box_body
from vpnportal.office.ending import ACT_WORDS, act, ending_body, wrong_words
from vpnportal.office.fleet_page import fleet_body
from vpnportal.office.markup import Node, document, tag
from vpnportal.office.security_txt import security_txt
from vpnportal.operators import Operator

log = logging.getLogger(__name__)

COOKIE: Final = "__Host-office"
BODY_LIMIT_BYTES: Final = 16 * 1024
STYLE: Final = (Path(__file__).parent / "office.css").read_bytes()

# With "no-referrer" browsers send the Origin of a form as null, and nothing could be changed here.
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}

Page = Callable[[web.Request, Operator], Awaitable[web.StreamResponse]]


class Office:
    """``contact``: where holes are reported, as a URI; empty for a portal that names nobody."""

    def __init__(self, database: Database, clock: PortalClock, limits: Limits, *, contact: str = "") -> None:
        self._security_txt = security_txt(contact, clock.now())
        self._database = database
        self._clock = clock
        self._limits = limits

    def build_app(self) -> web.Application:
        app = web.Application(middlewares=[_guard], client_max_size=BODY_LIMIT_BYTES)
        app.on_response_prepare.append(_add_headers)
        app.router.add_get("/office.css", _style)
        app.router.add_get("/.well-known/security.txt", self._contact)
        app.router.add_get("/enter/{token}", self._door)
        app.router.add_post("/enter/{token}", self._enter)
        app.router.add_post("/leave", self._leave)
        app.router.add_get("/", self._for_operators(self._list))
        app.router.add_get("/boxes/{device_id}", self._for_operators(self._box))
        app.router.add_post("/boxes/{device_id}/note", self._for_operators(self._set_note))
        app.router.add_get("/boxes/{device_id}/ending", self._for_operators(self._ending))
        app.router.add_post(
            f"/boxes/{{device_id}}/ending/{{act:{'|'.join(ACT_WORDS)}}}", self._for_operators(self._end)
        )
        return app

    def _for_operators(self, page: Page) -> Handler:
        async def admitted(request: web.Request) -> web.StreamResponse:
            token, now = request.cookies.get(COOKIE, ""), self._clock.now()
            operator = await self._database.run(lambda c: operators.find_operator(c, token, now))
            if operator is None:
                return _page(
                    _closed("請用管理連結登入。連結由 vpnportal office link 產生，10 分鐘內有效。"), 401
                )
            return await page(request, operator)

        return admitted

    async def _contact(self, _: web.Request) -> web.Response:
        if not self._security_txt:
            raise web.HTTPNotFound
        return web.Response(text=self._security_txt, content_type="text/plain", charset="utf-8")

    async def _door(self, request: web.Request) -> web.StreamResponse:
        """Opening a link changes nothing: what previews links must not use it up."""
        return _page(
            [
                tag("h1", "居家訪視盒管理"),
                tag(
                    "form",
                    tag("button", "登入", type="submit"),
                    method="post",
                    action=f"/enter/{request.match_info['token']}",
                ),
            ]
        )

    async def _enter(self, request: web.Request) -> web.StreamResponse:
        token, now = request.match_info["token"], self._clock.now()
        session = await self._database.run(lambda connection: operators.enter(connection, token, now))
        if session is None:
            return _page(_closed("這個連結已用過或過期。請重新產生一個。"), 403)
        response = web.Response(status=303, headers={"Location": "/"})
        response.set_cookie(
            COOKIE,
            session,
            max_age=int(operators.SESSION_LASTS.total_seconds()),
            path="/",
            secure=True,
            httponly=True,
            samesite="Strict",
        )
        return response

    async def _leave(self, request: web.Request) -> web.StreamResponse:
        token, now = request.cookies.get(COOKIE, ""), self._clock.now()
        await self._database.run(lambda connection: operators.leave(connection, token, now))
        response = _page(_closed("已登出。"))
        response.del_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="Strict")
        return response

    async def _list(self, request: web.Request, operator: Operator) -> web.StreamResponse:
        query, now = _query(request), self._clock.now()
        boxes = await self._database.run(
            lambda connection: look(
                connection, now, institution=operator.institution, query=query, limits=self._limits
            )
        )
        return _page([_bar(operator), *fleet_body(boxes, query, now)])

    async def _box(self, request: web.Request, operator: Operator) -> web.StreamResponse:
        device_id, now = request.match_info["device_id"], self._clock.now()

        def work(connection: Connection) -> list[Node]:
            box = self._owned(connection, operator, device_id, now)
            reports = history(connection, device_id, MOST_REPORTS)
            return [*box_body(box, reports, operators.acts_on(connection, device_id, MOST_ACTS))]

        return _page([_bar(operator), *await self._database.run(work)])

    async def _set_note(self, request: web.Request, operator: Operator) -> web.StreamResponse:
        device_id, now = request.match_info["device_id"], self._clock.now()
        note = str((await request.post()).get("note", "")).strip()

        def work(connection: Connection) -> None:
            self._owned(connection, operator, device_id, now)
            set_note(connection, device_id, note)
            operators.note_act(connection, operator, "note", now, device_id=device_id, detail=note)

        await self._database.run(work)
        return web.Response(status=303, headers={"Location": f"/boxes/{device_id}"})

    async def _ending(self, request: web.Request, operator: Operator) -> web.StreamResponse:
        return _page([_bar(operator), *await self._ending_body(request, operator)])

    async def _end(self, request: web.Request, operator: Operator) -> web.StreamResponse:
        device_id, now, name = request.match_info["device_id"], self._clock.now(), request.match_info["act"]
        form = {key: str(value) for key, value in (await request.post()).items()}

        def work(connection: Connection) -> None:
            device = self._owned(connection, operator, device_id, now).device
            act(connection, operator, device, name, form, now)

        try:
            await self._database.run(work)
        except FieldInvalid as exc:
            body = await self._ending_body(request, operator, wrong_words(exc))
            return _page([_bar(operator), *body], 400)
        return web.Response(status=303, headers={"Location": f"/boxes/{device_id}/ending"})

    async def _ending_body(self, request: web.Request, operator: Operator, trouble: str = "") -> list[Node]:
        device_id, now = request.match_info["device_id"], self._clock.now()

        def work(connection: Connection) -> list[Node]:
            device = self._owned(connection, operator, device_id, now).device
            return [*ending_body(connection, device, trouble)]

        return await self._database.run(work)

    def _owned(
        self, connection: Connection, operator: Operator, device_id: str, now: dt.datetime
    ) -> FleetBox:
        """Raises HTTPNotFound for a box that is not there or is another institution's: the two look the same."""
        boxes = look(connection, now, institution=operator.institution, limits=self._limits)
        for box in boxes:
            if box.device.device_id == device_id:
                return box
        raise web.HTTPNotFound


@web.middleware
async def _guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A change comes from these very pages; refusals are pages, too."""
    try:
        if (
            request.method not in {"GET", "HEAD"}
            and request.headers.get("Origin") != f"https://{request.host}"
        ):
            return _page(_closed("要求不是來自這個網站。"), 403)
        return await handler(request)
    except FieldInvalid as exc:
        return _page(_closed(f"內容不符：{exc.field}。請回上一頁修改。"), 400)
    except web.HTTPException as exc:
        words = "沒有這一頁。" if exc.status == 404 else "這個要求無法處理。"
        return _page(_closed(words), exc.status)


async def _add_headers(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)
    response.headers.popall("Server", None)


async def _style(_: web.Request) -> web.Response:
    return web.Response(body=STYLE, content_type="text/css", charset="utf-8")


def _query(request: web.Request) -> FleetQuery:
    """Raises FieldInvalid for a day or a choice that is none."""
    given = {key: value for key, value in request.query.items() if value}
    enabled = given.pop("enabled", "")
    try:
        query = msgspec.convert(given, FleetQuery, strict=False)
    except msgspec.ValidationError as exc:
        raise FieldInvalid("not a filter", field=str(exc).rpartition("$.")[2].rstrip("`")) from exc
    return msgspec.structs.replace(query, enabled={"Y": True, "N": False}.get(enabled))


def _bar(operator: Operator) -> Node:
    scope = operator.institution or "全部機構"
    return tag(
        "header",
        tag("a", "居家訪視盒管理", href="/", class_="home"),
        tag("span", f"{operator.who}　{scope}"),
        tag("form", tag("button", "登出", type="submit", class_="quiet"), method="post", action="/leave"),
    )


def _closed(words: str) -> list[Node]:
    return [tag("h1", "居家訪視盒管理"), tag("p", words, role="status")]


def _page(body: list[Node], status: int = 200) -> web.Response:
    demo = tag("p", "示範用入口：這是訓練與整合測試的替身，不是健保署的網站。", class_="stand-in")
    text = document(title="居家訪視盒管理", body=[demo, tag("main", body)])
    return web.Response(status=status, text=text, content_type="text/html", charset="utf-8")
