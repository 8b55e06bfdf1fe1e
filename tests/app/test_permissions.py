"""Who may call what: every route × every role of a phone × every state of its staff session (A03, A08, F05-F07).

``RULES`` is written by hand. A route without a line here fails, and so does one whose rule was changed in passing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from tests.security.gate import ROUTES, Gate, Line, address, name_of, open_gate, request_bytes
from visitbridge.api.routes import AnyRoute
from visitbridge.domain.people import BoxRole, Right

pytestmark = pytest.mark.asyncio(loop_scope="module")

RULES = {
    "GET /api/health": "open",
    "GET /api/words/{lang}": "open",
    "GET /api/openapi.json": "open",
    "POST /api/pair": "open",
    "GET /api/phones": "paired",
    "DELETE /api/phones/{phone_id}": "paired",
    "POST /api/pairing-links": "paired",
    "GET /api/state": "paired",
    "GET /api/events": "paired",
    "GET /api/box": "paired",
    "POST /api/box/binding": "technician",
    "POST /api/box/binding/photo": "technician",
    "POST /api/box/sam/verify": "paired",
    "GET /api/box/roots": "technician",
    "POST /api/box/roots": "technician",
    "DELETE /api/box/roots/{fingerprint}": "technician",
    "GET /api/readers": "paired",
    "POST /api/readers/{reader_id}/refresh": "paired",
    "POST /api/readers/{reader_id}/release": "paired",
    "POST /api/readers/{reader_id}/contents": "live QPB",
    "POST /api/staff/sessions": "paired",
    "GET /api/staff/sessions": "paired",
    "DELETE /api/staff/sessions/{session_id}": "paired",
    "POST /api/staff/sessions/{session_id}/use": "paired",
    "POST /api/visits": "QPB",
    "GET /api/visits": "QPB",
    "GET /api/visits/{visit_id}": "QPB",
    "PUT /api/visits/{visit_id}/content": "QPB",
    "POST /api/visits/{visit_id}/finish": "QPB",
    "POST /api/visits/{visit_id}/discard": "QPB",
    "GET /api/visits/{visit_id}/prescription": "QPB",
    "GET /api/bluetooth": "paired",
    "POST /api/bluetooth/scan": "technician",
    "DELETE /api/bluetooth/scan": "technician",
    "POST /api/bluetooth/power": "technician",
    "POST /api/bluetooth/pairing": "technician",
    "POST /api/bluetooth/pairing/answer": "technician",
    "DELETE /api/bluetooth/pairing": "technician",
    "PUT /api/bluetooth/readers/{reader_id}": "technician",
    "DELETE /api/bluetooth/readers/{reader_id}": "technician",
    "POST /api/bluetooth/readers/{reader_id}/key": "technician",
    "POST /api/visits/{visit_id}/editor": "QPB",
    "DELETE /api/visits/{visit_id}/editor": "QPB",
    "POST /api/visits/{visit_id}/restore": "QPB",
    "PUT /api/visits/{visit_id}/signature": "QPB",
    "DELETE /api/visits/{visit_id}/signature": "QPB",
    "GET /api/visits/{visit_id}/advice": "QPB",
    "GET /api/programmes": "paired",
    "GET /api/departure": "paired",
    "GET /api/visits/{visit_id}/former": "QPB",
    "POST /api/visits/{visit_id}/carry-in": "QPB",
    "GET /api/plans": "QPB",
    "POST /api/plans": "live QPB",
    "DELETE /api/plans/{plan_id}": "live QPB",
    "GET /api/patients": "live QPB",
    "GET /api/consents": "live QPB",
    "POST /api/plans/{plan_id}/consent": "live QPB",
    "POST /api/consents/{consent_id}/renew": "live QPB",
    "POST /api/consents/{consent_id}/revoke": "QPB",
    "GET /api/consent-ledger": "live QPB",
    "GET /api/consent-ledger/check": "technician",
    "POST /api/records/fetch": "live QPB",
    "GET /api/consents/{consent_id}/records": "live QPB",
    "GET /api/visits/{visit_id}/records": "live QPB",
    "GET /api/visits/{visit_id}/leftover": "live QPB",
    "POST /api/readers/{reader_id}/records": "live QPB",
    "GET /api/audit": "technician",
    "GET /api/audit/check": "technician",
    "GET /api/environment": "paired",
    "POST /api/environment/modem/retry": "paired",
    "GET /api/retention": "technician",
    "POST /api/retention": "technician",
    "POST /api/box/rescue/seen": "technician",
    "GET /api/handoffs": "QPB",
    "POST /api/handoffs": "technician",
    "POST /api/handoffs/take-back": "technician",
    "POST /api/handoffs/{handoff_id}/confirm": "technician",
    "GET /api/lock": "open",
    "GET /api/lock/settings": "technician",
    "PUT /api/lock/phrase": "technician",
    "DELETE /api/lock/phrase": "technician",
    "POST /api/lock/cards": "technician",
    "DELETE /api/lock/cards": "technician",
    "POST /api/box/reset": "technician",
    "GET /api/history": "paired",
    "GET /api/outbox": "QPB",
    "POST /api/outbox/send-now": "QPB",
    "POST /api/outbox/{job_id}/retry": "QPB",
    "POST /api/outbox/{job_id}/accept-former": "QPB",
    "POST /api/outbox/{job_id}/hold": "QPB",
    "POST /api/outbox/{job_id}/release": "QPB",
}
PAIRED_ONLY = ("/api/catalogue", "/api/datasets", "/api/lab/")
"""Public code tables, and what exists in a lab only."""

ROLES = {f"phone-{role.value}": role for role in BoxRole}


@dataclass(frozen=True, slots=True)
class State:
    """Rights of the live session, and those remembered from the last one; None when there is none."""

    name: str
    live: tuple[Right, ...] | None = None
    last: frozenset[Right] | None = None


STATES = (
    State("nobody ever"),
    State("live without rights", live=()),
    *(State(f"live with {right.value}", live=(right,)) for right in Right),
    *(State(f"over, had {right.value}", last=frozenset({right})) for right in Right),
    State("live without, former with QPB", live=(), last=frozenset({Right.VISITS})),
)


def rule_of(route: AnyRoute) -> str:
    found = RULES.get(name_of(route))
    return found or {True: "paired"}[route.path.startswith(PAIRED_ONLY)]


def expected(rule: str, role: BoxRole, state: State) -> str:
    """The refusal's code, empty where the handler is reached."""
    live: Collection[Right] | None = state.live
    remembered = state.last if live is None else live
    by_rule = {
        "open": "",
        "paired": "",
        "technician": {BoxRole.USER: "GW-ACC-09"}.get(role, ""),
        "live QPB": _by_rights(live),
        "QPB": _by_rights(remembered),
    }
    return by_rule[rule]


def _by_rights(rights: Collection[Right] | None) -> str:
    if rights is None:
        return "GW-ACC-02"
    return "" if Right.VISITS in rights else "GW-ACC-04"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gate(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gate]:
    async with open_gate(tmp_path_factory.mktemp("gate"), ROLES) as gate:
        yield gate


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def line(gate: Gate) -> AsyncIterator[Line]:
    async with gate.open_line() as line:
        yield line


async def code_for(gate: Gate, line: Line, route: AnyRoute, phone: str) -> str:
    """Code of an access refusal; empty when the rule let the call pass, whatever became of its body."""
    headers = [("Host", gate.host), ("Origin", f"https://{gate.host}"), ("Content-Type", "application/json")]
    _, body = await line.ask(request_bytes(route.method, address(route), headers, phone=phone, body=b"{"))
    found = body.partition(b'"code":"')[2][:9].decode()
    return {"GW-ACC": found}.get(found[:6], "")


def cells() -> Iterator[tuple[str, BoxRole, State]]:
    return ((phone, role, state) for phone, role in ROLES.items() for state in STATES)


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
async def test_every_cell_of_the_table(gate: Gate, line: Line, route: AnyRoute) -> None:
    rule = rule_of(route)
    wanted, found = {}, {}
    for phone, role, state in cells():
        gate.people.live = {} if state.live is None else {phone: state.live}
        gate.people.last = {} if state.last is None else {phone: state.last}
        wanted[role, state.name] = expected(rule, role, state)
        found[role, state.name] = await code_for(gate, line, route, phone)

    assert found == wanted


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
async def test_strangers_reach_what_is_open_and_nothing_else(gate: Gate, line: Line, route: AnyRoute) -> None:
    wanted = {"open": ""}.get(rule_of(route), "GW-ACC-01")

    assert await code_for(gate, line, route, "") == wanted
    assert await code_for(gate, line, route, "phone-nobody") == wanted


async def test_the_table_lists_no_route_that_is_gone() -> None:
    assert RULES.keys() <= {name_of(route) for route in ROUTES}


async def test_two_gates_do_not_share_a_folder(tmp_path: Path) -> None:
    async with open_gate(tmp_path, ROLES) as other, other.open_line() as line:
        status, _ = await line.ask(request_bytes("GET", "/api/health", [("Host", other.host)]))

    assert (status, other.reached) == (200, ["GET /api/health"])
