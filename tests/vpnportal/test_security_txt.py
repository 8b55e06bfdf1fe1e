"""Where a hole is reported: what the office's pages say, and what SECURITY.md promises (RFC 9116, EN 303 645 5.2)."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from tests.vpnportal.portal import RunningPortal, open_running_portal
from tests.vpnportal.samples import NOW
from tests.vpnportal.test_office import open_browser
from visitbridge.errors import ConfigError
from vpnportal.cli_options import build_parser
from vpnportal.clock import PortalClock
from vpnportal.office.security_txt import security_txt
from vpnportal.server import ServeOptions, open_portal

ROOT = Path(__file__).parents[2]
CONTACT = "mailto:security@clinic.example"


def test_the_file_is_as_the_rfc_wants_it() -> None:
    lines = security_txt(CONTACT, NOW).split("\r\n")

    assert lines == [
        f"Contact: {CONTACT}",
        "Expires: 2027-05-22T02:00:00Z",
        "Preferred-Languages: zh-Hant, en",
        "",
    ]


@pytest.mark.parametrize(
    "contact",
    ["security@clinic.example", "http://clinic.example", "mailto:a\r\nContact: b", "mailto:資安", "tel:1 2"],
)
def test_a_contact_is_an_address_that_programs_understand(contact: str) -> None:
    with pytest.raises(ConfigError):
        security_txt(contact, NOW)


async def test_it_is_served_to_everybody_when_there_is_a_contact(tmp_path: Path) -> None:
    options = ServeOptions(folder=tmp_path, port=0, office_port=0, security_contact=CONTACT, lab=True)
    clock = PortalClock(lambda: NOW)
    async with open_portal(options, clock) as served:
        portal = RunningPortal(served, tmp_path, clock)
        async with open_browser(portal) as browser:
            status, text = await browser.get("/.well-known/security.txt")
            headers = browser.headers

    assert (status, text.split()[1]) == (200, CONTACT)
    assert headers["Content-Type"] == "text/plain; charset=utf-8"


async def test_nobody_is_named_who_was_not_configured(tmp_path: Path) -> None:
    async with open_running_portal(tmp_path, office=True) as portal, open_browser(portal) as browser:
        assert (await browser.get("/.well-known/security.txt"))[0] == 404


def test_it_comes_from_the_command_line() -> None:
    words = ["serve", "--dir", "portal", "--security-contact", CONTACT]

    assert build_parser().parse_args(words).security_contact == CONTACT
    assert build_parser().parse_args(words[:3]).security_contact == ""


def test_EN303645_5_2_the_policy_says_how_to_report_and_what_happens_then() -> None:
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    headings = [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")]

    assert headings == [
        "Where to report",
        "What to write",
        "What happens then",
        "How long what is supported",
        "What is in scope",
    ]
    days = [dt.timedelta(days=int(word)) for word in ("3", "7", "30", "90") if f"{word} days" in text]
    assert len(days) == 4
    assert "security.txt" in text
