"""One phone takes a draft over; how long until the other one shows it. The real box in its lab, over TLS, two pages of Chromium.

Beside it in turns: the same two pages at a server that does nothing but tell both (:mod:`tests.webui.fake_box`). Both phones and
the box share one machine, so its clock is the same for all of them.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, expect

from tests.bench import measure
from tests.webui import samples
from tests.webui.fake_box import FakeBox
from tests.webui.lab import open_running_lab
from tests.webui.phone import Phone
from tests.webui.test_flow import PIN, insert, pull
from tests.webui.test_whole_visit import ask, set_up

Change = Callable[[], float]

_PACE_MS = 1_200
"""A phone is told once a second when more than a handful of things change in a row; what is measured is one change by itself."""

_TAKE = """async (path) => {
    const at = Date.now();
    await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: '{"take": true}' });
    return at;
}"""
_WATCH = """() => {
    window.seenAt = 0;
    const look = () => { if (!window.seenAt && document.querySelector("#take-over")) window.seenAt = Date.now(); };
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
}"""


def seen_ms(taker: Phone, watcher: Phone, draft: str) -> float:
    """From the moment at which the taker's page asks to when the watcher's page has 接手編輯 on it."""
    watcher.page.evaluate(_WATCH)
    asked_at = taker.page.evaluate(_TAKE, f"/api{draft}/editor")
    seen_at = watcher.page.wait_for_function("() => window.seenAt").json_value()
    watcher.page.wait_for_timeout(_PACE_MS)
    return float(seen_at - asked_at)


@contextlib.contextmanager
def open_real(browser: Browser, folder: Path) -> Iterator[Change]:
    """A draft on two paired phones on which the same physician is signed in."""
    first, second = Phone(browser), Phone(browser)
    with open_running_lab(folder) as lab:
        set_up(first, lab, folder)
        insert(first, "patient-wang")
        first.start_visit()
        draft = first.page.url.partition("#")[2]
        second.pair(ask(first, "POST", "/api/pairing-links")["url"], "陳醫師 Pixel", lab.read_code)
        insert(second, "hpc-doctor", reader=1)
        second.sign_in(PIN)
        pull(second, "hpc-doctor")
        second.go(draft)
        expect(second.page.locator("#take-over")).to_be_visible()
        sides = [(second, first), (first, second)]

        def change() -> float:
            taker, watcher = sides[0]
            sides.reverse()
            return seen_ms(taker, watcher, draft)

        yield change
        first.close()
        second.close()


@contextlib.contextmanager
def open_bare(browser: Browser) -> Iterator[Change]:
    """The same two pages; the server tells both and does no more."""
    draft = f"/visits/{samples.VISIT_ID}"
    with FakeBox(samples.topics(), samples.answers()).open_server() as box:
        first, second = Phone(browser), Phone(browser)

        def tell(_: Any) -> dict[str, Any]:
            box.put("editor", {"visit_id": samples.VISIT_ID, **samples.OTHER_EDITOR})
            return samples.view()

        for phone in (first, second):
            phone.open(f"{box.url}/#{draft}")
        box.answers[f"POST /api{draft}/editor"] = tell

        def change() -> float:
            box.put("editor", {"visit_id": samples.VISIT_ID, "phone_id": "", "phone_name": ""})
            expect(second.page.locator("#take-over")).to_have_count(0)
            return seen_ms(first, second, draft)

        yield change
        first.close()
        second.close()


def run(browser: Browser, *, rounds: int) -> dict[str, Any]:
    """``rounds`` takings-over of either kind, in turns, in milliseconds."""
    with (
        tempfile.TemporaryDirectory(prefix="visitbridge-bench-") as folder,
        open_real(browser, Path(folder)) as real,
        open_bare(browser) as bare,
    ):
        times = measure.take_turns({"box": real, "bare": bare}, rounds)
    return {name: measure.percentiles_ms([ms / 1e3 for ms in values]) for name, values in times.items()}
