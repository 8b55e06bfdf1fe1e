"""Port 80: two kinds of pages, answers to probes, and nothing else; asked over a real socket with exact bytes."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from visitbridge.api.neighbours import ADDRESSES, REMEMBERED_S, Neighbours
from visitbridge.api.plain import SURVEY_EVERY_S, PlainServer
from visitbridge.api.probes import PROBE_HOSTS, PROBES
from visitbridge.services.environment import Check, CheckState, EnvironmentReport
from visitbridge.services.topics import CertificateTopic
from visitbridge.sim.clock import FakeClock
from visitbridge.words import load_catalogue

HOST = "10.42.0.1"
CERTIFICATE = CertificateTopic(
    fingerprint="0a1b" * 16, ends_at=dt.datetime(2029, 1, 1, tzinfo=dt.UTC), own=True
)
REPORT = EnvironmentReport(
    at=dt.datetime(2026, 11, 22, tzinfo=dt.UTC),
    ready=False,
    items=(
        Check(item="dns", state=CheckState.OK, code="ok"),
        Check(item="clock", state=CheckState.FAIL, code="untrusted"),
        Check(item="data", state=CheckState.OK, code="ok", params={"mb": 1, "month": "<i>2026</i>"}),
    ),
)


@dataclass(kw_only=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: str


@dataclass(kw_only=True)
class Plain:
    """A running server whose survey counts how often it is asked."""

    clock: FakeClock = field(default_factory=FakeClock)
    surveys: int = 0
    port: int = 0
    neighbours: Neighbours | None = None

    async def survey(self) -> EnvironmentReport:
        self.surveys += 1
        return REPORT

    async def ask(
        self, path: str, host: str = "", *, method: str = "GET", headers: str = "", version: str = "1.1"
    ) -> Answer:
        named = host or f"{HOST}:{self.port}"
        return await self.send(
            f"{method} {path} HTTP/{version}\r\nHost: {named}\r\n{headers}Connection: close\r\n\r\n"
        )

    async def send(self, request: str) -> Answer:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(request.encode())
        answer = (await reader.read()).decode()
        writer.close()
        head, _, body = answer.partition("\r\n\r\n")
        status, *lines = head.split("\r\n")
        pairs = (line.partition(": ") for line in lines)
        return Answer(
            status=int(status.split()[1]),
            headers={name.lower(): value for name, _, value in pairs},
            body=body,
        )


@contextlib.asynccontextmanager
async def open_plain(
    *, probes: bool = True, certificate: CertificateTopic = CERTIFICATE
) -> AsyncIterator[Plain]:
    plain = Plain()
    plain.neighbours = Neighbours(plain.clock) if probes else None
    server = PlainServer(
        load_catalogue(),
        plain.clock,
        url=lambda: f"https://{HOST}/",
        https_port=lambda: 443,
        certificate=lambda: certificate,
        survey=plain.survey,
        neighbours=plain.neighbours,
        bind="127.0.0.1",
        port=0,
        hosts=(HOST, "visitbridge", "visitbridge.local"),
    )
    ready = asyncio.Event()
    task = asyncio.create_task(server.run(ready.set))
    await ready.wait()
    plain.port = server.port
    try:
        yield plain
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@pytest.fixture
async def plain() -> AsyncIterator[Plain]:
    async with open_plain() as opened:
        yield opened


async def test_the_first_page_says_where_to_go_and_what_to_compare(plain: Plain) -> None:
    answer = await plain.ask("/")

    assert answer.status == 200
    assert '<html lang="zh-Hant-TW">' in answer.body
    assert f"https://{HOST}/" in answer.body
    assert " ".join(["0A 1B"] * 16) in answer.body
    assert "警告一次" in answer.body


async def test_the_page_follows_the_browsers_language(plain: Plain) -> None:
    answer = await plain.ask("/", headers="Accept-Language: en-US\r\n")

    assert '<html lang="en">' in answer.body
    assert "Open this in Safari or Chrome" in answer.body


async def test_phones_with_the_institutions_authority_are_not_told_of_a_warning() -> None:
    certificate = CertificateTopic(fingerprint="00" * 32, ends_at=CERTIFICATE.ends_at, own=False)
    async with open_plain(certificate=certificate) as plain:
        answer = await plain.ask("/")

    assert "不會看到警告" in answer.body


async def test_the_environment_is_to_read_and_a_stranger_does_not_wear_the_box_out(plain: Plain) -> None:
    answers = [await plain.ask("/environment") for _ in range(3)]
    assert plain.surveys == 1
    plain.clock.advance(SURVEY_EVERY_S)
    await plain.ask("/environment")

    assert plain.surveys == 2
    assert {answer.status for answer in answers} == {200}
    assert "盒子時間" in answers[0].body
    assert "&lt;i&gt;2026&lt;/i&gt;" in answers[0].body
    assert "<form" not in answers[0].body


@pytest.mark.parametrize("path", ["/", "/joined", "/stay", "/environment", "/plain.css", "/api/state", "/x"])
async def test_no_answer_sets_a_cookie_or_runs_a_script(plain: Plain, path: str) -> None:
    answer = await plain.ask(path, headers="Cookie: __Host-vb=stolen\r\n")

    assert "set-cookie" not in answer.headers
    assert "strict-transport-security" not in answer.headers
    assert "<script" not in answer.body
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "stolen" not in answer.body


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/p", f"https://{HOST}/p"),
        ("/views/visit.js", f"https://{HOST}/views/visit.js"),
        ("/p?token=secret", f"https://{HOST}/p"),
        ("//evil.example/x", f"https://{HOST}//evil.example/x"),
        ("/apiary", f"https://{HOST}/apiary"),
    ],
)
async def test_everything_else_is_sent_to_https_on_the_same_host(
    plain: Plain, path: str, location: str
) -> None:
    answer = await plain.ask(path)

    assert (answer.status, answer.headers["location"]) == (308, location)


@pytest.mark.parametrize("path", ["/api/health", "/api/state", "/api/box/roots", "/api/"])
async def test_the_api_is_not_there(plain: Plain, path: str) -> None:
    assert (await plain.ask(path)).status == 404


@pytest.mark.parametrize(
    ("method", "path"), [*itertools.product(["POST", "PUT", "DELETE", "PATCH"], ["/", "/stay", "/api/pair"])]
)
async def test_nothing_can_be_written(plain: Plain, method: str, path: str) -> None:
    plain_origin = await plain.ask(path, method=method, headers=f"Origin: http://{HOST}\r\n")
    https_origin = await plain.ask(path, method=method, headers=f"Origin: https://{HOST}:{plain.port}\r\n")

    assert (plain_origin.status, https_origin.status) == (403, 405)


FOREIGN = [
    "evil.example",
    "10.42.0.1",
    "10.42.0.1:443",
    "localhost",
    "visitbridge.local.evil.example",
    "captive.apple.com.evil.example",
    "xcaptive.apple.com",
    "www.apple.com:8080",
    "[::1]",
]


@pytest.mark.parametrize(
    ("host", "path"), [*itertools.product(FOREIGN, ["/", "/environment", "/generate_204"])]
)
async def test_only_the_boxs_own_names_are_answered(plain: Plain, host: str, path: str) -> None:
    assert (await plain.ask(path, host)).status == 421


@pytest.mark.parametrize(
    "request_line",
    [
        "GET http://evil.example/ HTTP/1.1\r\nHost: {host}\r\n",
        "GET http://captive.apple.com/hotspot-detect.html HTTP/1.1\r\nHost: captive.apple.com\r\n",
        "GET / HTTP/1.1\r\nHost: {host}\r\nHost: evil.example\r\n",
        "GET / HTTP/1.1\r\n",
        "GET /hotspot-detect.html HTTP/1.1\r\nHost: captive.apple.com\r\nHost: captive.apple.com\r\n",
    ],
)
async def test_an_ambiguous_host_is_refused(plain: Plain, request_line: str) -> None:
    request = request_line.format(host=f"{HOST}:{plain.port}")

    assert (await plain.send(f"{request}Connection: close\r\n\r\n")).status in {400, 421}


ONLINE: dict[tuple[str, str], tuple[int, str]] = {
    ("captive.apple.com", "/hotspot-detect.html"): (
        200,
        "<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>",
    ),
    ("www.apple.com", "/library/test/success.html"): (
        200,
        "<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>",
    ),
    ("connectivitycheck.gstatic.com", "/generate_204"): (204, ""),
    ("www.google.com", "/gen_204"): (204, ""),
    ("play.googleapis.com", "/generate_204"): (204, ""),
    ("www.msftconnecttest.com", "/connecttest.txt"): (200, "Microsoft Connect Test"),
    ("www.msftncsi.com", "/ncsi.txt"): (200, "Microsoft NCSI"),
}


@pytest.mark.parametrize(("probe", "expected"), ONLINE.items(), ids=lambda value: str(value[0]))
async def test_a_known_phone_is_told_that_all_is_well(
    plain: Plain, probe: tuple[str, str], expected: tuple[int, str]
) -> None:
    assert plain.neighbours is not None
    plain.neighbours.note("127.0.0.1")

    answer = await plain.ask(probe[1], probe[0])

    assert (answer.status, answer.body) == expected


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe[0])
async def test_an_unknown_phone_is_shown_the_page_for_new_ones(plain: Plain, probe: tuple[str, str]) -> None:
    for version in ("1.0", "1.1"):
        answer = await plain.ask(probe[1], probe[0], version=version)

        assert (answer.status, answer.headers["location"]) == (302, f"http://{HOST}:{plain.port}/joined")


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe[0])
async def test_switched_off_no_probe_is_answered(probe: tuple[str, str]) -> None:
    async with open_plain(probes=False) as plain:
        answer = await plain.ask(probe[1], probe[0])

    assert answer.status == 421


@pytest.mark.parametrize("host", sorted(PROBE_HOSTS))
async def test_under_a_foreign_name_there_are_only_probes(plain: Plain, host: str) -> None:
    assert plain.neighbours is not None
    plain.neighbours.note("127.0.0.1")

    answers = [await plain.ask(path, host) for path in ("/environment", "/joined", "/api/state", "/other")]

    assert {answer.status for answer in answers} == {421}


async def test_a_phone_that_stays_gets_its_done_button(plain: Plain) -> None:
    """The window that a phone opens by itself: shown once, then its probe says that all is well."""
    shown = await plain.ask("/joined")
    await plain.ask("/stay")
    probe = await plain.ask("/hotspot-detect.html", "captive.apple.com")

    assert f"https://{HOST}/" in shown.body
    assert f'href="https://{HOST}/"' not in shown.body, "the app must not be opened in that window"
    assert probe.status == 200


def test_an_address_is_forgotten_after_half_a_day_and_when_there_are_too_many() -> None:
    clock = FakeClock()
    known = Neighbours(clock)
    known.note("10.42.0.2")
    clock.advance(REMEMBERED_S - 1)
    before = known.know("10.42.0.2")
    clock.advance(1)
    after = known.know("10.42.0.2")
    for number in range(ADDRESSES + 1):
        known.note(f"10.42.1.{number}")

    assert (before, after) == (True, False)
    assert not known.know("10.42.1.0")
    assert known.know("10.42.1.1")


async def test_a_taken_port_leaves_the_box_without_these_pages_only(plain: Plain) -> None:
    parts: Any = {
        "url": str,
        "https_port": int,
        "certificate": lambda: CERTIFICATE,
        "survey": plain.survey,
        "neighbours": None,
    }
    second = PlainServer(
        load_catalogue(), plain.clock, bind="127.0.0.1", port=plain.port, hosts=(HOST,), **parts
    )
    ready = asyncio.Event()
    task = asyncio.create_task(second.run(ready.set))
    await ready.wait()

    assert not task.done()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
