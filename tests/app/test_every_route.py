"""What holds for every route of the real table, so that a new one cannot forget it."""

from __future__ import annotations

import typing
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from tests.app.box import RunningBox, config_for
from visitbridge.api.events import EventStreams
from visitbridge.api.openapi import openapi_document, operation_id
from visitbridge.api.routes import AnyRoute, Call, NoQuery, RawRoute, Route, RouteTable, parameters
from visitbridge.app.front import route_table
from visitbridge.app.parts import Parts
from visitbridge.config import LabSection
from visitbridge.words import load_catalogue

pytestmark = pytest.mark.asyncio(loop_scope="module")

OPEN_ROUTES = {
    ("GET", "/api/alive"),
    ("GET", "/api/words/{lang}"),
    ("GET", "/api/words/{lang}/first"),
    ("GET", "/api/openapi.json"),
    ("POST", "/api/pair"),
    ("POST", "/api/pair/look"),
    ("POST", "/api/pair/confirm"),
    ("POST", "/api/pair/card"),
    ("GET", "/api/lock"),
}


class _Anything(SimpleNamespace):
    """Stands for parts that a table needs to be made and not to be called."""

    def __getattr__(self, name: str) -> Any:
        return _Anything()

    def __call__(self, *args: object, **named: object) -> Any:
        return _Anything()


def whole_table() -> RouteTable:
    plain = config_for(Path("/nonexistent"), webui=Path("/nonexistent"))
    lab = LabSection(control=Path("/lab.sock"), training=Path("/desk.sock"))
    return route_table(
        msgspec.structs.replace(plain, lab=lab),
        cast(Parts, _Anything()),
        load_catalogue(),
        cast(EventStreams, _Anything()),
        pair_url=str,
    )


TABLE = whole_table()
ROUTES = TABLE.routes
CLOSED = [route for route in ROUTES if route.access.phone and not route.path.startswith("/api/lab/")]
WRITES = [route for route in ROUTES if route.method != "GET" and not route.path.startswith("/api/lab/")]


def name_of(route: AnyRoute) -> str:
    return f"{route.method} {route.path}"


def address(route: AnyRoute) -> str:
    return route.path.format_map(dict.fromkeys(parameters(route), "x"))


async def test_what_is_open_is_written_down() -> None:
    found = {(route.method, route.path) for route in ROUTES if not route.access.phone}

    assert found == OPEN_ROUTES


@pytest.mark.parametrize("route", CLOSED, ids=name_of)
async def test_a_stranger_is_turned_away(box: RunningBox, route: AnyRoute) -> None:
    status, body = await box.ask(route.method, address(route), headers={"Cookie": ""}, data=b"{")

    assert (status, body["error"]["code"]) == (401, "GW-ACC-01")


@pytest.mark.parametrize("route", WRITES, ids=name_of)
async def test_another_page_cannot_write(box: RunningBox, route: AnyRoute) -> None:
    status, body = await box.ask(route.method, address(route), headers={"Origin": "https://evil.example"})

    assert (status, body["error"]["code"]) == (403, "GW-ACC-06")


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
async def test_another_host_reaches_nothing(box: RunningBox, route: AnyRoute) -> None:
    status, body = await box.ask(route.method, address(route), headers={"Host": "evil.example"})

    assert (status, body["error"]["code"]) == (421, "GW-ACC-05")


@pytest.mark.parametrize("route", [route for route in ROUTES if isinstance(route, Route)], ids=name_of)
async def test_the_table_says_what_the_handler_takes_and_gives(route: Route[Any, Any, Any]) -> None:
    hints = typing.get_type_hints(route.handler)
    taken = next(hint for hint in hints.values() if typing.get_origin(hint) is Call)

    assert typing.get_args(taken) == (route.query, route.body or type(None))
    assert hints["return"] == (route.answer or type(None))


@pytest.mark.parametrize(
    "route",
    [route for route in WRITES if isinstance(route, Route) and route.body not in {None, bytes}],
    ids=name_of,
)
async def test_a_body_takes_no_unknown_keys(route: Route[Any, Any, Any]) -> None:
    kind = msgspec.inspect.type_info(route.body)

    assert isinstance(kind, msgspec.inspect.StructType)
    assert kind.forbid_unknown_fields


async def test_no_two_routes_share_an_operation_id() -> None:
    names = [operation_id(route) for route in ROUTES]

    assert sorted(set(names)) == sorted(names)


async def test_the_document_describes_exactly_the_table() -> None:
    document = openapi_document(ROUTES, version="1")

    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert described == {(route.method, route.path) for route in ROUTES}
    assert document["openapi"] == "3.1.0"


async def test_every_reference_of_the_document_resolves() -> None:
    document = openapi_document(ROUTES, version="1")
    text = msgspec.json.encode(document).decode()

    names = {part.partition('"')[0] for part in text.split('"$ref":"#/components/schemas/')[1:]}

    assert names <= document["components"]["schemas"].keys()
    assert "ErrorAnswer" in names


async def test_the_document_says_who_may_call() -> None:
    paths = openapi_document(ROUTES, version="1")["paths"]

    assert paths["/api/pair"]["post"]["security"] == []
    assert paths["/api/phones"]["get"]["security"] == [{"phone": []}]
    assert paths["/api/readers/{reader_id}/contents"]["post"]["x-access"] == {
        "phone": True,
        "staff": True,
        "right": "QPB",
        "role": "user",
    }


async def test_the_pin_is_described_as_digits_and_never_given_back() -> None:
    document = openapi_document(ROUTES, version="1")

    pin = document["components"]["schemas"]["SignIn"]["properties"]["pin"]
    assert pin == {"type": "string", "pattern": "^[0-9]{4,12}$", "writeOnly": True}


async def test_two_routes_for_one_address_cannot_be_registered() -> None:
    route = next(route for route in ROUTES if isinstance(route, Route))

    with pytest.raises(ValueError, match="two routes for"):
        RouteTable.of([route], [route])


async def test_a_route_without_a_rule_cannot_be_made() -> None:
    given: dict[str, Any] = {"method": "GET", "path": "/x", "summary": "x", "handler": None, "answer": None}

    with pytest.raises(TypeError, match="access"):
        Route(**given, query=NoQuery)
    with pytest.raises(TypeError, match="access"):
        RawRoute(path="/x", summary="x", produces="text/plain", handler=given["handler"])  # type: ignore[call-arg]
