"""The lab panel's routes, only with ``--allow-virtual``: passed on to the lab that this box runs in.

The lab process owns the virtual cards, the relay that stands for the VPN, and the training portal; it serves
HTTP on a unix socket. Its answers go to the phone as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from visitbridge.api.routes import PAIRED, AnyRoute, Call, Method, NoQuery, Route
from visitbridge.errors import DeviceError, FieldInvalid, NotFound, RequestError

_BUDGET_S = 30.0
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]*")

_OPERATIONS: tuple[tuple[Method, str, str], ...] = (
    ("GET", "/state", "Virtual cards, readers, link, portal faults and the binding code"),
    ("POST", "/cards/{card_id}/insert", "Insert a virtual card: {reader_id}"),
    ("GET", "/cards/{card_id}/memory", "What is on a virtual card"),
    ("POST", "/readers/{reader_id}/pull", "Pull the card out of a virtual reader"),
    ("POST", "/readers/{reader_id}/reach", "Switch a simulated Bluetooth reader off or on: {in_reach}"),
    ("POST", "/bluetooth", "Switch the Bluetooth adapter off or on, block it, pull it out: {state}"),
    ("POST", "/link", "Cut, slow or restore the VPN: {mode, delay_ms}"),
    ("POST", "/portal/faults", "Schedule a fault of the training portal: {kind, occurrence, fault}"),
    ("DELETE", "/portal/faults", "Drop all scheduled faults"),
    ("POST", "/portal/clock", "Shift the training portal's clock: {offset_s}"),
    ("GET", "/portal/inbox", "What the training portal has received"),
)

LESSONS: tuple[tuple[Method, str, str], ...] = (
    ("GET", "/lessons", "What can be practised, and how far the lesson under way is"),
    ("POST", "/lessons/{lesson_id}/begin", "Clear the table and begin a lesson"),
    ("DELETE", "/lessons", "Leave the lesson under way"),
)
"""What the desk of the training rooms answers, on a socket of its own."""

Json = dict[str, Any]


class Lab:
    """``socket``: where the lab, or the desk of its lessons, listens. ``operations``: what it answers."""

    def __init__(self, socket: Path, operations: tuple[tuple[Method, str, str], ...] = _OPERATIONS) -> None:
        self._socket = socket
        self._operations = operations

    def routes(self) -> list[AnyRoute]:
        return [
            Route(
                method=method,
                path=f"/api/lab{path}",
                summary=summary,
                access=PAIRED,
                handler=self._teller(path) if method == "POST" else self._asker(method, path),
                body=Json if method == "POST" else None,
                answer=Json,
            )
            for method, path, summary in self._operations
        ]

    def _asker(self, method: Method, template: str) -> Any:
        async def ask(call: Call[NoQuery, None]) -> Json:
            return await self.ask(method, _address(template, call.path), None)

        return ask

    def _teller(self, template: str) -> Any:
        async def tell(call: Call[NoQuery, Json]) -> Json:
            return await self.ask("POST", _address(template, call.path), call.body)

        return tell

    async def ask(self, method: Method, path: str, body: Json | None) -> Json:
        """Its answer to one request. Raises DeviceError when it gives none, and RequestError for a refusal."""
        timeout = aiohttp.ClientTimeout(total=_BUDGET_S)
        connector = aiohttp.UnixConnector(str(self._socket))
        try:
            async with (
                aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
                session.request(method, f"http://lab{path}", json=body) as answer,
            ):
                raw = await answer.read()
        except (aiohttp.ClientError, TimeoutError) as exc:
            raise DeviceError("the lab does not answer") from exc
        if answer.status >= 400:
            raise _refusal(answer.status)
        return msgspec.json.decode(raw, type=Json) if raw else {}


def _refusal(status: int) -> RequestError:
    if status == 404:
        return NotFound("the lab has no such card or reader")
    if status == 422:
        return FieldInvalid("the lab refused a value")
    return RequestError(f"the lab answered {status}")


def _address(template: str, parameters: Mapping[str, str]) -> str:
    return template.format_map({name: _segment(value) for name, value in parameters.items()})


def _segment(value: str) -> str:
    """A path parameter, safe to put into the lab's URL."""
    if not _ID.fullmatch(value):
        raise NotFound("the lab has no such card or reader")
    return value
