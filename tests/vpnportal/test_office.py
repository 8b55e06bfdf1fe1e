"""The office's pages over TLS, as a browser without scripts uses them."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import ssl
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import aiohttp
import msgspec
import pytest

from tests.vpnportal.box import open_box
from tests.vpnportal.health_samples import WELL
from tests.vpnportal.portal import RunningPortal, open_running_portal
from visitbridge.domain.people import Institution
from visitbridge.protocols.health import PowerHealth
from vpnportal.cli import run
from vpnportal.cli_options import build_parser
from vpnportal.devices import set_enabled
from vpnportal.lab_data import LAB_DEVICE, LAB_INSTITUTION
from vpnportal.office.app import COOKIE
from vpnportal.operators import Operator, acts_on, make_link

ALL = Operator(who="王管理員", institution=None)
ELSEWHERE = Operator(who="李管理員", institution="9999999994")


class Browser:
    """Keeps the one cookie; follows no redirects."""

    def __init__(self, http: aiohttp.ClientSession, url: str, portal: RunningPortal) -> None:
        self._http = http
        self.url = url
        self.portal = portal
        self.cookie = ""

    async def get(self, path: str) -> tuple[int, str]:
        return await self._ask("GET", path, {}, {})

    async def post(self, path: str, *, origin: str | None = None, **form: str) -> tuple[int, str]:
        return await self._ask("POST", path, {"Origin": origin or self.url}, form)

    async def _ask(
        self, method: str, path: str, headers: Mapping[str, str], form: Mapping[str, str]
    ) -> tuple[int, str]:
        async with self._http.request(
            method,
            self.url + path,
            headers={"Cookie": f"{COOKIE}={self.cookie}", **headers},
            data=form,
            allow_redirects=False,
        ) as answer:
            self.headers = answer.headers
            if COOKIE in answer.cookies:
                self.cookie = answer.cookies[COOKIE].value
            return answer.status, await answer.text()

    async def enter(self, operator: Operator) -> None:
        now = self.portal.clock.now()
        token = self.portal.database.transact(lambda connection: make_link(connection, operator, now))
        assert await self.post(f"/enter/{token}") == (303, "")


@contextlib.asynccontextmanager
async def open_browser(portal: RunningPortal) -> AsyncIterator[Browser]:
    trust = ssl.create_default_context(cadata=portal.ca_pem)
    connector = aiohttp.TCPConnector(ssl=trust)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as http:
        yield Browser(http, portal.office_url, portal)


@pytest.fixture
async def portal(tmp_path: Path) -> AsyncIterator[RunningPortal]:
    async with open_running_portal(tmp_path, office=True) as running:
        yield running


@pytest.fixture
async def browser(portal: RunningPortal) -> AsyncIterator[Browser]:
    async with open_browser(portal) as opened:
        yield opened


async def report(portal: RunningPortal) -> None:
    """The lab's box is bound and tells that its supply does not hold."""
    async with open_box(portal.url, portal.ca_pem) as box:
        ticket = portal.issue_ticket()
        await box.bind(ticket.token, ticket.pin)
        low = msgspec.structs.replace(WELL, power=PowerHealth(under_voltage=True))
        assert (await box.ask("POST", "/device/health", low)).status == 204


@pytest.mark.parametrize("path", ["/", "/boxes/x", "/?alarmed=1"])
async def test_nobody_sees_a_box_without_a_link(browser: Browser, path: str) -> None:
    status, page = await browser.get(path)
    assert status == 401
    assert LAB_DEVICE not in page


async def test_a_link_is_looked_at_first_and_lets_in_once(browser: Browser, portal: RunningPortal) -> None:
    now = portal.clock.now()
    token = portal.database.transact(lambda connection: make_link(connection, ALL, now))
    assert (await browser.get(f"/enter/{token}"))[0] == 200
    assert (await browser.get("/"))[0] == 401, "looking at a link opens nothing"
    assert (await browser.post(f"/enter/{token}"))[0] == 303
    assert (await browser.get("/"))[0] == 200
    browser.cookie = ""
    assert (await browser.post(f"/enter/{token}"))[0] == 403


async def test_B09_the_list_shows_a_box_with_what_it_told(browser: Browser, portal: RunningPortal) -> None:
    await report(portal)
    await browser.enter(ALL)
    _, page = await browser.get("/")

    told = (
        "11111111-1111-4111-8111-111111111111",
        LAB_DEVICE,
        "test",
        "bookworm",
        "Y 啟用",
        "115/11/23 10:00",
    )
    assert [
        words for words in (*told, "電壓不足", "0 待傳", "93.5 MB", "1 台須注意") if words not in page
    ] == []
    heads = re.findall(r'<th scope="col">([^<]+)</th>', page)
    assert "手機備註" in heads


async def test_B09_a_filter_by_address_is_shown_in_its_field(browser: Browser, portal: RunningPortal) -> None:
    await browser.enter(ALL)
    _, none = await browser.get("/?name=%22%3E%3Cb%3E&enabled=Y&bound_from=2026-11-23")
    assert "沒有符合條件的裝置" in none
    assert "<b>" not in none
    assert 'value="&quot;&gt;<b&gt;"' in none
    assert (await browser.get("/?bound_from=tomorrow"))[0] == 400


async def test_B08_the_page_of_a_box_holds_its_record_and_history(
    browser: Browser, portal: RunningPortal
) -> None:
    await report(portal)
    await browser.enter(ALL)
    status, page = await browser.get(f"/boxes/{portal.device.device_id}")

    wanted = ("裝置使用記錄", "安全模組", "icd10 20261101", "測試閘道器", "115/11/23")
    assert status == 200
    assert [words for words in wanted if words not in page] == []


async def test_a_note_is_kept_shown_and_written_down(browser: Browser, portal: RunningPortal) -> None:
    device_id = portal.device.device_id
    await browser.enter(ALL)
    assert (await browser.post(f"/boxes/{device_id}/note", note="三樓<櫃台>"))[0] == 303
    _, page = await browser.get("/")
    assert "三樓&lt;櫃台&gt;" in page
    (act,) = portal.database.transact(lambda connection: acts_on(connection, device_id, 9))
    assert (act.who, act.act, act.detail) == ("王管理員", "note", "三樓<櫃台>")
    assert (await browser.post(f"/boxes/{device_id}/note", note="長" * 201))[0] == 400


async def test_an_operator_of_another_institution_finds_nothing_here(
    browser: Browser, portal: RunningPortal
) -> None:
    portal.add_device("別家的", Institution(code="9999999994", name="別家"))
    device_id = portal.device.device_id
    await browser.enter(ELSEWHERE)
    _, page = await browser.get("/")
    assert ("別家的" in page, LAB_DEVICE in page) == (True, False)
    assert (await browser.get(f"/boxes/{device_id}"))[0] == 404
    assert (await browser.post(f"/boxes/{device_id}/note", note="x"))[0] == 404


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1"])
async def test_another_site_changes_nothing(browser: Browser, portal: RunningPortal, origin: str) -> None:
    await browser.enter(ALL)
    path = f"/boxes/{portal.device.device_id}/note"
    assert (await browser.post(path, origin=origin, note="x"))[0] == 403
    assert portal.device.note == ""


async def test_leaving_ends_the_session(browser: Browser) -> None:
    await browser.enter(ALL)
    session = browser.cookie
    await browser.post("/leave")
    browser.cookie = session
    assert (await browser.get("/"))[0] == 401


async def test_a_session_ends_by_itself(browser: Browser, portal: RunningPortal) -> None:
    await browser.enter(ALL)
    portal.pass_time(dt.timedelta(hours=8))
    assert (await browser.get("/"))[0] == 401


@pytest.mark.parametrize("path", ["/", "/office.css", "/nowhere", "/enter/x"])
async def test_every_answer_keeps_to_itself(browser: Browser, path: str) -> None:
    await browser.get(path)
    assert "script-src" not in browser.headers["Content-Security-Policy"]
    assert browser.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert browser.headers["Referrer-Policy"] == "same-origin"
    assert browser.headers["Cache-Control"] == "no-store"
    assert "Server" not in browser.headers


async def test_the_cookie_is_for_this_site_and_no_script(browser: Browser) -> None:
    await browser.enter(ALL)
    attributes = {part.strip().lower() for part in browser.headers["Set-Cookie"].split(";")}
    assert {"secure", "httponly", "samesite=strict", "path=/"} <= attributes


async def test_the_shell_lists_boxes_and_makes_links(
    browser: Browser, portal: RunningPortal, capsys: pytest.CaptureFixture[str]
) -> None:
    await report(portal)

    def shell(*words: str) -> tuple[int, str]:
        status = run(build_parser().parse_args([*words, "--dir", str(portal.folder)]))
        return status, capsys.readouterr().out

    status, listed = shell("fleet")
    assert (status, LAB_INSTITUTION.code in listed) == (0, True)
    assert "電壓不足" in listed
    _, as_json = shell("fleet", "--json", "--no-contact-after", "1e9")
    assert msgspec.json.decode(as_json)["report"]["health"]["power"]["under_voltage"] is True
    assert shell("fleet", "--institution", "0000000000") == (0, "")

    spare = portal.add_device("備用")
    portal.database.transact(lambda connection: set_enabled(connection, spare.device_id, enabled=False))
    _, listed = shell("fleet")
    assert [line for line in listed.splitlines() if "備用" in line] == [
        f"!  {LAB_INSTITUTION.code}  備用  contact never  unsent -  已停用，尚未綁定"
    ]

    _, told = shell("office", "link", "--name", "王管理員")
    link = told.splitlines()[0].removeprefix(browser.url)
    assert (await browser.get(link))[0] == 200


def test_a_link_needs_an_office(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parsed = build_parser().parse_args(["office", "link", "--name", "王", "--dir", str(tmp_path)])
    assert run(parsed) == 1
    assert "--office-port" in capsys.readouterr().err
