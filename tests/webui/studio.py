"""Where every screen has its picture taken: one phone and one box for all of them, in a moment that does not pass.

A page of its own for each screen, so that none knows of the one before; what takes long is done once: Chromium's tab, its
store of files and of compiled scripts.
"""

from __future__ import annotations

import base64
import contextlib
import io
from collections.abc import Iterator
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser

from tests.webui.fake_box import FakeBox, Json
from tests.webui.phone import Look, Phone
from tests.webui.samples import NOW, answers, topics

_AXE = Path(__file__).resolve().parents[2] / "node_modules/axe-core/axe.min.js"
_AXE_PATH = "/axe.min.js"
_KEPT_BY_THE_PHONE_S = 3600
# `target-size` counts what a sticky bar covers until one scrolls; the tests measure whole targets instead.
# Of what is found only the violations and their markup are put together; nobody reads more.
_AXE_RUN = """async () => (await axe.run({rules: {"target-size": {enabled: false}},
    resultTypes: ["violations"], selectors: false,
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})).violations
    .flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.html.slice(0, 120)}`))"""
_FORGET = "() => { localStorage.clear(); sessionStorage.clear(); }"

_SETTLE_SCROLL = """async () => {
  const told = document.documentElement.style;
  told.caretColor = "transparent";
  const isTold = ([name, bar]) => !bar || told.getPropertyValue(name) === `${bar.offsetHeight}px`;
  const bars = [["--top-bar", document.querySelector(".top")], ["--action-bar", document.querySelector(".action-bar")]];
  while (!bars.every(isTold)) await new Promise(requestAnimationFrame);
  const at = document.activeElement;
  if (at && at !== document.body && !at.closest(".top, .action-bar")) at.scrollIntoView({ block: "center", behavior: "instant" });
  else window.scrollTo(0, 0);
  return window.scrollY;
}"""
"""How far a browser scrolls to what gets the focus depends on the moment, and on how high the bars are known to be; in a picture the
page knows how high they are, and what has the focus is in the middle; its caret, which blinks, is not in the picture. A bar is in sight wherever one has scrolled to: what has the focus
there leaves the page at its top."""


class Studio:
    """Made by :func:`open_studio`."""

    def __init__(self, box: FakeBox, phone: Phone) -> None:
        self.box = box
        self.phone = phone
        phone.context.clock.set_fixed_time(NOW)
        self._camera = phone.context.new_cdp_session(phone.page)

    def empty(self) -> FakeBox:
        """The box as no screen has changed it yet, and a phone that remembers nothing."""
        page = self.phone.page
        if page.url.startswith(self.box.url):
            page.evaluate(_FORGET)
        page.goto("about:blank")
        self.phone.troubles.clear()
        self.box.begin_anew(topics(), answers())
        return self.box

    def load_axe(self) -> None:
        self.phone.page.add_script_tag(url=_AXE_PATH)

    def axe(self) -> list[str]:
        """What axe-core has against the screen as it is; :meth:`load_axe` comes first."""
        found: list[str] = self.phone.page.evaluate(_AXE_RUN)
        return found

    def shoot(self, look: Look) -> Image.Image:
        """The screen as it is, a pixel for each of CSS; ``look``: what the phone is dressed in."""
        return opened(self.photograph(look))

    def photograph(self, look: Look, *, density: int = 1) -> bytes:
        """A PNG file of the screen as it is, in pixels of which ``density`` make one of CSS."""
        top = self.phone.page.evaluate(_SETTLE_SCROLL)
        clip = {"x": 0, "y": top, "width": look.width, "height": look.height, "scale": density}
        shot: Json = self._camera.send(
            "Page.captureScreenshot", {"format": "png", "optimizeForSpeed": True, "clip": clip}
        )
        return base64.b64decode(shot["data"])


def opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGB")


@contextlib.contextmanager
def open_studio(chromium: Browser) -> Iterator[Studio]:
    with FakeBox(
        topics(), answers(), files={_AXE_PATH: _AXE.read_bytes()}, cache_s=_KEPT_BY_THE_PHONE_S
    ).open_server() as box:
        phone = Phone(chromium, density=1)
        try:
            yield Studio(box, phone)
        finally:
            phone.close()
