"""A phone in a nurse's hand: opens pages, waits for what it waits for, and does a visit step by step.

The steps name what a person sees and presses; they hold against the fake box and against the lab alike.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request, expect
from playwright.sync_api import Error as PlaywrightError

from tests.patience import PATIENCE_S

CHROMIUM = "/usr/bin/chromium-headless-shell"
"""Debian's Chromium without the browser around it: the same engine and version as ``chromium --headless``, which draws a window's bars for
every tab in a process of their own and takes twice as long for a new phone."""

_STREAM = "/api/events"
_TWO_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
_LETTERS = f"(size) => {{ document.documentElement.dataset.letters = size; return ({_TWO_FRAMES})(); }}"


@dataclass(frozen=True)
class Look:
    """CSS pixels, colour scheme, and the letters of 設定 → 大字."""

    width: int = 390
    height: int = 844
    dark: bool = False
    large: bool = False

    @property
    def label(self) -> str:
        return "-".join([str(self.width)] + ["dark"] * self.dark + ["large"] * self.large)


class Phone:
    """One browser context: its own cookies, storage and network. Close it with ``close``.

    ``troubles`` collects what should never happen: script errors, refusals by the content security policy.
    ``served`` lists the paths of all requests, the stream included. ``density``: pixels of the screen for each of CSS.
    """

    def __init__(self, browser: Browser, look: Look | None = None, *, density: int = 2) -> None:
        look = self._look = look or Look()
        self.context: BrowserContext = browser.new_context(
            viewport={"width": look.width, "height": look.height},
            device_scale_factor=density,
            is_mobile=True,
            has_touch=True,
            locale="zh-TW",
            timezone_id="America/New_York",
            color_scheme="dark" if look.dark else "light",
            ignore_https_errors=True,
        )
        self.context.set_default_timeout(PATIENCE_S * 1000)
        self.troubles: list[str] = []
        self.served: list[str] = []
        self._pending: set[Request] = set()
        self.page: Page = self.context.new_page()
        self.page.on("request", self._on_request)
        self.page.on("requestfinished", self._on_request_end)
        self.page.on("requestfailed", self._on_request_end)
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("console", self._on_console)

    def close(self) -> None:
        self.context.close()

    def open(self, url: str) -> None:
        """Go to an address and wait until the screen has what it shows."""
        self.page.goto(url)
        expect(self.page.locator("h1")).to_be_visible()
        self.settle()

    def go(self, path: str) -> None:
        """Another screen of the same page, such as ``/outbox``."""
        self.page.evaluate("(to) => { location.hash = to; }", path)
        self.settle()

    def settle(self) -> None:
        """Until no request but the stream is open, nothing loads, and the screen was painted since."""
        self.page.evaluate(_TWO_FRAMES)
        while self._pending:
            self.page.evaluate(_TWO_FRAMES)
        expect(self.page.locator(".loading, [aria-busy=true]")).to_have_count(0)
        self.page.evaluate(_TWO_FRAMES)

    def hold_clock(self) -> None:
        """From here on time passes on the page only as ``page.clock.run_for`` says; ``page.clock.install`` came before.

        Frames wait with it, so that ``settle`` waits for ever.
        """
        while not self._has_paused():
            pass

    def _has_paused(self) -> bool:
        now_s = self.page.evaluate("Date.now()") / 1000
        try:
            self.page.clock.pause_at(now_s + 1)
        except PlaywrightError as error:
            # On a busy machine more than that second has passed before the page is told.
            if "to the past" in error.message:
                return False
            raise
        return True

    def dress(self, look: Look) -> None:
        """Change size, colours and letters as if this were another phone on the same screen."""
        if (look.width, look.height) != (self._look.width, self._look.height):
            self.page.set_viewport_size({"width": look.width, "height": look.height})
        if look.dark != self._look.dark:
            self.page.emulate_media(color_scheme="dark" if look.dark else "light")
        self.page.evaluate(_LETTERS, "large" if look.large else "ordinary")
        self._look = look

    def picture(self, folder: Path, name: str) -> None:
        self.page.screenshot(path=folder / f"{name}.png")

    def words(self) -> str:
        return self.page.locator("body").inner_text()

    # Steps of a visit, as a person takes them.

    def pair(self, pair_url: str, name: str, read_code: Callable[[str], str]) -> None:
        """``read_code``: what the box or another phone shows for the phone of that name."""
        self.open(pair_url)
        self.page.fill("#phone-name", name)
        self.page.click("#pair")
        expect(self.page.locator("#pair-code")).to_be_visible()
        self.page.fill("#pair-code", read_code(name))
        self.page.click("#pair-code-send")
        expect(self.page.locator(".strip")).to_be_visible()
        self.settle()

    def bind(self, ticket_photo: Path, pin: str) -> None:
        """From the first set-up: photograph QR-2, type the registration number."""
        self.page.set_input_files("#qr2-photo", ticket_photo)
        expect(self.page.locator(".notice.good")).to_be_visible()
        self.page.fill("#bind-pin", pin)
        self.page.click("#bind")
        expect(self.page.locator("[data-step=bind][data-done=true]")).to_be_visible()

    def sign_in(self, pin: str) -> None:
        self.go("/sign-in")
        self.page.fill("#pin", pin)
        self.page.click("#sign-in")
        expect(self.page.locator("#end-session")).to_be_visible()

    def start_visit(self) -> None:
        self.go("/start")
        self.page.click("#start-visit")
        expect(self.page.locator("#subjective")).to_be_visible()

    def complain(self, text: str) -> None:
        self.page.fill("#subjective", text)
        self.expect_saved()

    def add_diagnosis(self, query: str, code: str) -> None:
        self.page.click("#add-diagnosis")
        self._pick(query, code)
        expect(self.page.locator(f'[data-diagnosis="{code}"]')).to_be_visible()
        self.expect_saved()

    def add_drug(self, query: str, code: str, *, frequency: str, days: int, route: str = "PO") -> None:
        self.page.click("#add-order")
        self._pick(query, code)
        self.page.get_by_role("button", name=frequency, exact=True).click()
        # Some drugs of the published table come without one.
        self.page.get_by_role("button", name=route, exact=True).click()
        self.page.fill("#days", str(days))
        self.expect_saved()
        self.page.click("#order-done")
        expect(self.page.locator("#add-order")).to_be_visible()

    def finish(self, mode: int) -> None:
        self.page.click("#to-finish")
        self.page.locator(f"[data-mode='{mode}'] input").check()
        self.page.click("#finish")
        expect(self.page.locator(".flags")).to_be_visible()

    def expect_saved(self) -> None:
        expect(self.page.locator("[data-save=saved]")).to_contain_text("已存在盒子")

    def flag(self, name: str) -> Locator:
        return self.page.locator(f"[data-flag={name}]")

    def strip_item(self, name: str) -> Locator:
        return self.page.locator(f"[data-strip={name}]")

    def _pick(self, query: str, code: str) -> None:
        self.page.fill("#search", query)
        self.page.locator(f'.hit[data-code="{code}"]').click()

    def _on_request(self, request: Request) -> None:
        path = "/" + request.url.split("/", 3)[3]
        self.served.append(path)
        if not path.startswith(_STREAM):
            self._pending.add(request)

    def _on_request_end(self, request: Request) -> None:
        self._pending.discard(request)

    def _on_console(self, message: ConsoleMessage) -> None:
        # Chromium itself notes every answer of 400 and more; those are the screens' business.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.troubles.append(message.text)


def roc_today() -> str:
    """``115/11/22``: today in Taipei, as the screens write it."""
    today = dt.datetime.now(dt.timezone(dt.timedelta(hours=8)))
    return f"{today.year - 1911}/{today:%m/%d}"
