"""Who may call what: every route × role of a phone × state of its session × who acts on it (A03, A08, F05-F07).

``RULES`` is written by hand. A route without a line here fails, and so does one whose rule was changed in passing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from tests.security.gate import ROUTES, Gate, Line, address, name_of, open_gate, person, request_bytes
from visitbridge.api.routes import AnyRoute
from visitbridge.domain.people import BoxRole, Right
from visitbridge.domain.phones import PhoneState
from visitbridge.services.grants import Acting

pytestmark = pytest.mark.asyncio(loop_scope="module")

RULES = {
    "GET /api/alive": "open",
    "GET /api/health": "technician",
    "GET /metrics": "technician",
    "GET /api/words/{lang}": "open",
    "GET /api/words/{lang}/first": "open",
    "GET /api/openapi.json": "open",
    "POST /api/pair": "open",
    "POST /api/pair/look": "open",
    "POST /api/pair/confirm": "open",
    "POST /api/pair/card": "open",
    "POST /api/presence/{request_id}/allow": "paired",
    "POST /api/presence/{request_id}/refuse": "paired",
    "POST /api/phone/use": "paired",
    "POST /api/phone/lock": "paired",
    "PUT /api/phone/code": "proven",
    "PUT /api/phone/identify-by": "paired",
    "POST /api/phone/unlock": "known",
    "POST /api/phone/ask": "known",
    "POST /api/phone/open": "known",
    "GET /api/phones": "paired",
    "DELETE /api/phones/{phone_id}": "proven",
    "POST /api/pairing-links": "proven",
    "GET /api/state": "known",
    "GET /api/events": "known",
    "GET /api/box": "paired",
    "POST /api/box/binding": "technician",
    "POST /api/box/binding/photo": "technician",
    "POST /api/box/sam/verify": "paired",
    "GET /api/box/roots": "technician",
    "POST /api/box/roots": "proven technician",
    "DELETE /api/box/roots/{fingerprint}": "proven technician",
    "GET /api/readers": "paired",
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
    "POST /api/readers/{reader_id}/refresh": "paired",
    "POST /api/readers/{reader_id}/release": "paired",
    "POST /api/readers/{reader_id}/contents": "live QPB",
    "POST /api/virtual-cards/photo": "live VC",
    "PUT /api/readers/{reader_id}/name": "QPB",
    "POST /api/staff/sessions": "known",
    "GET /api/staff/sessions": "paired",
    "DELETE /api/staff/sessions/{session_id}": "paired",
    "POST /api/staff/sessions/{session_id}/use": "paired",
    "PUT /api/staff/sessions/{session_id}/phones/{phone_id}": "paired",
    "POST /api/visits": "QPB",
    "GET /api/visits": "QPB",
    "GET /api/visits/{visit_id}": "QPB",
    "POST /api/visits/{visit_id}/identity": "QPB",
    "PUT /api/visits/{visit_id}/content": "QPB",
    "POST /api/visits/{visit_id}/finish": "QPB",
    "POST /api/visits/{visit_id}/discard": "QPB",
    "GET /api/visits/{visit_id}/prescription": "QPB",
    "POST /api/visits/{visit_id}/prescription/paper": "QPB",
    "GET /api/visits/{visit_id}/check": "QPB",
    "POST /api/visits/{visit_id}/export": "live QPB",
    "POST /api/reconciliation": "live QPB",
    "POST /api/visits/{visit_id}/editor": "QPB",
    "DELETE /api/visits/{visit_id}/editor": "QPB",
    "POST /api/visits/{visit_id}/restore": "QPB",
    "PUT /api/visits/{visit_id}/signature": "QPB",
    "DELETE /api/visits/{visit_id}/signature": "QPB",
    "GET /api/visits/{visit_id}/advice": "QPB",
    "GET /api/programmes": "paired",
    "GET /api/phrases": "QPB",
    "POST /api/phrases": "QPB",
    "DELETE /api/phrases/{phrase_id}": "QPB",
    "GET /api/departure": "paired",
    "GET /api/visits/{visit_id}/former": "QPB",
    "POST /api/visits/{visit_id}/carry-in": "QPB",
    "GET /api/plans": "live QPB",
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
    "GET /api/visits/{visit_id}/allergies": "live QPB",
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
    "GET /api/support-bundle": "paired",
    "POST /api/support-bundle": "paired",
    "GET /api/lock": "open",
    "GET /api/lock/settings": "technician",
    "PUT /api/lock/phrase": "proven technician",
    "POST /api/lock/remove": "proven technician",
    "POST /api/lock/cards": "proven technician",
    "DELETE /api/lock/cards": "proven technician",
    "POST /api/box/reset": "proven technician",
    "GET /api/box/power": "paired",
    "POST /api/box/power/off": "paired",
    "GET /api/announcements": "paired",
    "POST /api/announcements/{announcement_id}/read": "paired",
    "POST /api/tour/taken": "paired",
    "GET /api/rights": "paired",
    "GET /api/site-steps": "paired",
    "PUT /api/datasets/group": "technician",
    "PUT /api/site-steps/{step}": "technician",
    "GET /api/training": "paired",
    "POST /api/training": "technician",
    "POST /api/training/close": "technician",
    "POST /api/training/enter": "paired",
    "POST /api/training/leave": "known",
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


CLOSED = {PhoneState.LOCKED: "GW-ACC-10", PhoneState.OVER: "GW-ACC-11"}


@dataclass(frozen=True, slots=True)
class State:
    """``acting``: who is signed in, or was; None: nobody. ``phone``: the state of the phone's own session. ``proven``:
    somebody has just shown card or code on it.
    """

    name: str
    acting: Acting | None = None
    phone: PhoneState = PhoneState.OPEN
    proven: bool = True


STATES = (
    State("nobody"),
    State("nobody, card or code long ago", proven=False),
    State("live with all, card or code long ago", person(*Right), proven=False),
    State("live without rights", person()),
    *(State(f"live with {right.value}", person(right)) for right in Right),
    State("over, had none", person(live=False)),
    *(State(f"over, had {right.value}", person(right, live=False)) for right in Right),
    *(State(f"{phone.value}, nobody", None, phone) for phone in CLOSED),
    *(State(f"{phone.value}, live with all", person(*Right), phone) for phone in CLOSED),
)


def rule_of(route: AnyRoute) -> str:
    found = RULES.get(name_of(route))
    return found or {True: "paired"}[route.path.startswith(PAIRED_ONLY)]


def expected(route: AnyRoute, role: BoxRole, state: State, *, in_hand: bool) -> str:
    """The refusal's code, empty where the handler is reached."""
    rule = rule_of(route)
    by_role = {BoxRole.USER: "GW-ACC-09"}.get(role, "")
    by_proof = {True: "", False: "GW-ACC-16"}[state.proven]
    by_rule = {
        "open": "",
        "known": "",
        "paired": "",
        "proven": by_proof,
        "technician": by_role,
        "proven technician": by_role or by_proof,
        "live QPB": _by_person(state.acting, needs_live=True),
        "live VC": _by_person(state.acting, needs_live=True, right=Right.VIRTUAL_CARD),
        "QPB": _by_person(state.acting, needs_live="{visit_id}" in route.path and not in_hand),
    }
    for_open_phones = {"open": "", "known": ""}.get(rule, CLOSED.get(state.phone, ""))
    return for_open_phones or by_rule[rule]


def _by_person(acting: Acting | None, *, needs_live: bool, right: Right = Right.VISITS) -> str:
    if acting is None:
        return "GW-ACC-02"
    has_right = right in acting.rights
    ended = {True: "GW-ACC-03", False: ""}[needs_live and not acting.live]
    return {True: ended, False: "GW-ACC-04"}[has_right]


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


@pytest.mark.parametrize("in_hand", [False, True], ids=["", "in hand"])
@pytest.mark.parametrize("route", ROUTES, ids=name_of)
async def test_every_cell_of_the_table(gate: Gate, line: Line, route: AnyRoute, in_hand: bool) -> None:
    """Whom the service codes (A08) and roles (A03) let in. ``in_hand``: the visit in the address is the acting person's own of the day."""
    gate.people.in_hand = {"x"} if in_hand else set()
    wanted, found = {}, {}
    for phone, role, state in cells():
        gate.sessions.states = {phone: state.phone}
        gate.sessions.proven = {True: {phone}, False: set()}[state.proven]
        gate.people.by_phone = {} if state.acting is None else {phone: state.acting}
        wanted[role, state.name] = expected(route, role, state, in_hand=in_hand)
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
        status, _ = await line.ask(request_bytes("GET", "/api/alive", [("Host", other.host)]))

    assert (status, other.reached) == (200, ["GET /api/alive"])
