"""The web UI on a slow phone: how long until the first screen is of use, until a tap or a key shows, and until another phone sees it.

Debian's Chromium with its CPU four times slower, a phone that has never seen the box, files and state from memory. Beside it
in the same run: the same without the brake, and a page of one heading and one button. Interactions are measured by the
browser itself, from the event to the next paint (Event Timing, in steps of 8 ms; what took less than 16 ms counts as 16). What
the page's own thread worked meanwhile is told beside it, as a busy machine lengthens that much less (:mod:`tests.bench.page_work`).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.bench import measure, two_phones
from tests.bench.page_work import open_meter, open_trace
from tests.patience import PATIENCE_S
from tests.webui.fake_box import FakeBox
from tests.webui.phone import Phone
from tests.webui.samples import VISIT_ID, answers, topics

SLOWER = 4
# As a person has it, with a window's bars: the shell that the tests drive paints in half the time and is slower at a tap.
_CHROMIUM = "/usr/bin/chromium"
_EMPTY = (
    b'<!doctype html><meta name="viewport" content="width=device-width"><h1>empty</h1><button id="press">press</button>'
    b'<script type="module" src="/press.js"></script>'
)
_PRESS = b"document.getElementById('press').onclick = (e) => { e.target.textContent += '.'; };"
# Of use: the strip says how things are, and the screen has its heading and what to do. Painted: two frames later.
_WATCH = """(useful) => {
    window.slowest = [];
    new PerformanceObserver((list) => window.slowest.push(...list.getEntries().map((e) => e.duration)))
        .observe({ type: "event", durationThreshold: 16, buffered: true });
    const look = () => {
        if (window.usefulAt || !useful.every((part) => document.querySelector(part))) return;
        window.usefulAt = -1;
        requestAnimationFrame(() => requestAnimationFrame(() => { window.usefulAt = performance.now(); }));
    };
    new MutationObserver(look).observe(document, { childList: true, subtree: true });
}"""
# Chromium without a window may call a page that has nothing to draw idle a long time after it is.
_IDLE = """() => new Promise((done) => {
  const rested = (next) => requestIdleCallback(next, { timeout: 500 });
  rested(() => requestAnimationFrame(() => rested(done)));
})"""
_HOME = '[".strip", "main h1", ".action-bar a", ".card-chips li"]'
_PLAIN = '["#press"]'


@contextlib.contextmanager
def open_slow_phone(browser: Browser, slower: int, useful: str) -> Iterator[Page]:
    phone = Phone(browser)
    try:
        phone.page.add_init_script(f"({_WATCH})({useful})")
        phone.context.new_cdp_session(phone.page).send("Emulation.setCPUThrottlingRate", {"rate": slower})
        yield phone.page
    finally:
        phone.close()


def first_paint_ms(browser: Browser, url: str, slower: int, useful: str) -> float:
    with open_slow_phone(browser, slower, useful) as page:
        page.goto(url)
        return float(page.wait_for_function("() => window.usefulAt > 0 && window.usefulAt").json_value())


def first_paint_work_ms(browser: Browser, url: str, useful: str) -> float:
    with open_slow_phone(browser, SLOWER, useful) as page:
        with open_meter(page) as worked_ms:
            page.goto(url)
            page.wait_for_function("() => window.usefulAt > 0")
        return worked_ms[0]


def interactions_ms(browser: Browser, url: str, slower: int) -> list[float]:
    """Of tabs changed, text typed, a choice made: the slow ones among them."""
    with open_slow_phone(browser, slower, _HOME) as page:
        page.goto(url)
        use(page)
        return _noted(page)


def interactions_work_ms(browser: Browser, url: str) -> list[float]:
    """The same interactions, in the time that the page's thread worked for each."""
    with open_slow_phone(browser, SLOWER, _HOME) as page:
        page.goto(url)
        _let_it_rest(page)
        with open_trace(browser, page) as work:
            use(page)
        return work.interactions_ms


def use(page: Page) -> None:
    """As a person does who looks at a screen before pressing what is on it."""
    for tab in ("visit", "list", "outbox", "settings", "home"):
        page.click(f".icon-{tab}")
        expect(page.locator(f".icon-{tab}[aria-current=page]")).to_be_visible()
        _let_it_rest(page)
    page.evaluate("(to) => { location.hash = to; }", f"/visits/{VISIT_ID}")
    page.locator("#subjective").press_sequentially("cough for a week", delay=40)
    _let_it_rest(page)
    page.click("#add-diagnosis")
    page.locator("#search").press_sequentially("J0", delay=40)
    page.locator(".hit[data-code='J00']").wait_for()
    _let_it_rest(page)
    page.click(".hit[data-code='J00']")
    page.locator("#to-finish").wait_for()
    _let_it_rest(page)
    page.click("#to-finish")
    page.locator("[data-mode='2']").wait_for()
    _let_it_rest(page)
    page.locator("[data-mode='2']").click()
    _let_it_rest(page)


def _let_it_rest(page: Page) -> None:
    """Until the screen is there and was painted, as a person waits who presses what is on it."""
    expect(page.locator(".loading, [aria-busy=true]")).to_have_count(0)
    page.evaluate(_IDLE)


def plain_interactions_ms(browser: Browser, url: str, slower: int) -> list[float]:
    with open_slow_phone(browser, slower, _PLAIN) as page:
        page.goto(url)
        for _ in range(20):
            page.click("#press")
        return _noted(page)


def _noted(page: Page) -> list[float]:
    page.wait_for_timeout(200)
    noted: list[float] = page.evaluate("window.slowest")
    return sorted(noted, reverse=True) or [16.0]


def run(*, rounds: int) -> dict[str, Any]:
    files = {"/empty.html": _EMPTY, "/press.js": _PRESS}
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    expect.set_options(timeout=PATIENCE_S * 1000)
    with sync_playwright() as playwright, FakeBox(topics(), answers(), files=files).open_server() as box:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=sandbox)
        plain = f"{box.url}/empty.html"
        interactions_ms(browser, box.url, 1)  # Chromium's own pages are busy for a while after its start.
        paints = measure.take_turns(
            {
                "slow": lambda: first_paint_ms(browser, box.url, SLOWER, _HOME),
                "quick": lambda: first_paint_ms(browser, box.url, 1, _HOME),
                "plain_slow": lambda: first_paint_ms(browser, plain, SLOWER, _PLAIN),
            },
            rounds,
        )
        taps = measure.take_turns(
            {
                "slow": lambda: interactions_ms(browser, box.url, SLOWER)[0],
                "quick": lambda: interactions_ms(browser, box.url, 1)[0],
                "plain_slow": lambda: plain_interactions_ms(browser, plain, SLOWER)[0],
            },
            rounds,
        )
        work = measure.take_turns(
            {
                "first_useful_paint": lambda: first_paint_work_ms(browser, box.url, _HOME),
                "plain_page": lambda: first_paint_work_ms(browser, plain, _PLAIN),
                "slowest_interaction": lambda: interactions_work_ms(browser, box.url)[0],
            },
            rounds,
        )
        seen = two_phones.run(browser, rounds=4 * rounds)
        browser.close()
    return {
        "first_useful_paint_ms": {name: measure.spread(values, 0) for name, values in paints.items()},
        "slowest_interaction_ms": {name: measure.spread(values, 0) for name, values in taps.items()},
        "worked_slow_ms": {name: measure.spread(values, 0) for name, values in work.items()},
        "times_the_plain_page": {
            "paint": measure.ratio(paints["slow"], paints["plain_slow"]),
            "interaction": measure.ratio(taps["slow"], taps["plain_slow"]),
            "worked_for_the_paint": measure.ratio(work["first_useful_paint"], work["plain_page"]),
        },
        "seen_on_another_phone_ms": seen,
    }


def main() -> None:
    given = measure.arguments(__doc__ or "")
    measure.report("ui", run(rounds=3 if given.quick else 9))


if __name__ == "__main__":
    main()
