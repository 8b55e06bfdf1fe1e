"""No route tells anything of a visit before its trail was told who asked (Y08)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.security.gate import ROUTES, address, name_of, open_gate, person, request_bytes
from visitbridge.api.routes import AnyRoute, NoQuery, RawRoute
from visitbridge.domain.people import BoxRole, Right

PHONE = "phone-1"
PLAIN = [
    route
    for route in ROUTES
    if isinstance(route, RawRoute) or (route.body is None and route.query is NoQuery)
]
OF_A_VISIT = [route for route in PLAIN if "{visit_id}" in route.path]


async def looks_of(folder: Path, route: AnyRoute) -> list[tuple[str, str, str]]:
    async with open_gate(folder, {PHONE: BoxRole.OWNER}) as gate, gate.open_line() as line:
        gate.people.by_phone = {PHONE: person(*Right)}
        headers = [("Host", gate.host), ("Origin", f"https://{gate.host}")]
        await line.ask(request_bytes(route.method, address(route), headers, phone=PHONE))
        assert name_of(route) in gate.reached
        return gate.people.looks


@pytest.mark.parametrize("route", OF_A_VISIT, ids=name_of)
async def test_Y08_every_call_about_a_visit_tells_who_asked(tmp_path: Path, route: AnyRoute) -> None:
    assert await looks_of(tmp_path, route) == [("D-TEST-1", "x", PHONE)]


async def test_a_call_about_no_visit_is_no_look(tmp_path: Path) -> None:
    listing = next(route for route in PLAIN if name_of(route) == "GET /api/phones")

    assert await looks_of(tmp_path, listing) == []
