"""One Chromium for the suite; a page is a phone of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.webui.fake_box import FakeBox
from tests.webui.samples import answers, topics

ARTEFACTS = Path(__file__).resolve().parents[2] / ".artifacts" / "webui"

_FLAGS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
]

OpenPhone = Callable[..., Page]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium; without its sandbox only as root, where it cannot have one."""
    with sync_playwright() as playwright:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=_FLAGS + sandbox)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def artefacts() -> Path:
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    return ARTEFACTS


@pytest.fixture
def box() -> Iterator[FakeBox]:
    with FakeBox(topics(), answers()).open_server() as running:
        yield running


@pytest.fixture
def open_phone(chromium: Browser) -> Iterator[OpenPhone]:
    """Open a phone: ``open_phone(url, width=390, height=844, dark=False)``."""
    contexts = []

    def open_one(url: str, *, width: int = 390, height: int = 844, dark: bool = False) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            device_scale_factor=2,
            is_mobile=True,
            has_touch=True,
            locale="zh-TW",
            timezone_id="America/New_York",
            color_scheme="dark" if dark else "light",
            ignore_https_errors=True,
        )
        context.set_default_timeout(5000)
        contexts.append(context)
        page = context.new_page()
        page.goto(url)
        return page

    yield open_one
    for context in contexts:
        context.close()
