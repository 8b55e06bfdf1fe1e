from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.api.house import House, Phone, open_house
from visitbridge.api.guard import CONTENT_SECURITY_POLICY, authorities
from visitbridge.sim.clock import FakeClock

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAIR = {"token": "x", "name": "y"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with open_house(tmp_path_factory.mktemp("house"), FakeClock()) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def phone(house: House) -> Phone:
    return await house.pair()


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1",
        "127.0.0.1:1",
        "127.0.0.1:{port}.evil.example",
        "127.0.0.1.:{port}",
        "localhost.:{port}",
        "user@127.0.0.1:{port}",
        "0.0.0.0:{port}",
        "127.0.0.2:{port}",
        "2130706433:{port}",
        "::1:{port}",
        "",
    ],
)
@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/api/alive"), ("POST", "/api/pair"), ("GET", "/nowhere")]
)
async def test_another_host_is_refused_before_anything_else(
    house: House, method: str, path: str, host: str
) -> None:
    answer = await house.ask(method, path, headers={"Host": host.format(port=house.port)})

    assert (answer.status, answer.code) == (421, "GW-ACC-05")


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "LOCALHOST:{port}", "[::1]:{port}"])
async def test_the_boxs_own_names_are_let_in(house: House, host: str) -> None:
    answer = await house.ask("GET", "/api/alive", headers={"Host": host.format(port=house.port)})

    assert answer.json == {"status": "ok", "version": "0.0.0-test"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": None, "Sec-Fetch-Site": None},
        {"Origin": None},
        {"Origin": "null"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:{port}"},
        {"Origin": "https://127.0.0.1"},
        {"Origin": "https://127.0.0.1:{port}/"},
        {"Origin": "https://localhost:{port}"},
        {"Origin": "https://127.0.0.1:{port}.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": ""},
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_a_write_from_elsewhere_is_refused(
    house: House, phone: Phone, method: str, headers: dict[str, str | None]
) -> None:
    filled = {name: value and value.format(port=house.port) for name, value in headers.items()}

    answer = await house.ask(method, "/api/pairing-links", headers=filled, cookie=phone.cookie)

    assert (answer.status, answer.code) == (403, "GW-ACC-06")


async def test_a_browser_without_fetch_metadata_may_write(house: House, phone: Phone) -> None:
    answer = await house.ask(
        "POST", "/api/pairing-links", headers={"Sec-Fetch-Site": None}, cookie=phone.cookie
    )

    assert answer.status == 201


@pytest.mark.parametrize(
    ("path", "status"), [("/api/alive", 200), ("/api/state", 401), ("/api/none", 404), ("/none", 404)]
)
async def test_every_answer_carries_the_security_headers(house: House, path: str, status: int) -> None:
    answer = await house.ask("GET", path)

    assert answer.status == status
    assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "Server" not in answer.headers
    assert "Strict-Transport-Security" not in answer.headers
    assert [name for name in answer.headers if name.lower().startswith("access-control")] == []


async def test_answers_of_the_api_are_not_stored(house: House, phone: Phone) -> None:
    for path in ("/api/state", "/api/alive", "/api/none"):
        assert (await phone.get(path)).headers["Cache-Control"] == "no-store"


async def test_a_preflight_gets_no_permission(house: House) -> None:
    answer = await house.ask(
        "OPTIONS",
        "/api/pair",
        headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"},
    )

    assert answer.status == 403


async def test_a_method_that_an_address_does_not_take_is_named(house: House, phone: Phone) -> None:
    answer = await phone.put("/api/pair", PAIR)

    assert (answer.status, answer.code) == (405, "GW-REQ-09")
    assert answer.headers["Allow"] == "POST"


@pytest.mark.parametrize(
    ("language", "what"),
    [("zh-TW,zh;q=0.9", "盒子裡找不到這筆資料。"), ("en", "The box holds no such record.")],
)
async def test_errors_speak_the_browsers_language(house: House, language: str, what: str) -> None:
    answer = await house.ask("GET", "/api/none", headers={"Accept-Language": language})

    assert answer.json["error"]["words"]["what"] == what
    assert answer.headers["Content-Language"] == ("en" if language == "en" else "zh-Hant-TW")


@pytest.mark.parametrize(
    ("hosts", "port", "expected"),
    [
        (("VB.local", "10.77.0.1"), 8443, {"vb.local:8443", "10.77.0.1:8443"}),
        (("vb", "::1"), 443, {"vb", "vb:443", "[::1]", "[::1]:443"}),
    ],
)
async def test_the_allow_list_names_the_port_except_the_usual_one(
    hosts: tuple[str, ...], port: int, expected: set[str]
) -> None:
    assert authorities(hosts, port) == expected
