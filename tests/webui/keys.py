"""A person who uses keys alone: walks with Tab, presses, types, and has to see at each step where the focus is (WCAG 2.4.7, 2.4.11)."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from tests.webui.phone import Phone

_MOST_STEPS = 90

# What is shown of a control that is laid out invisibly is its label. Of the action's bar only the button hides what is behind.
_FOCUS = """() => {
    const element = document.activeElement;
    if (!element || element === document.body) return null;
    const shown = element.classList.contains("unseen") ? element.closest("label") : element;
    const box = shown.getBoundingClientRect();
    const look = getComputedStyle(shown);
    const bars = [...document.querySelectorAll(".top, .action-bar > *, .bottom-bar, .undo")].filter((bar) => !bar.contains(shown));
    const over = bars.map((bar) => bar.getBoundingClientRect())
        .map((bar) => Math.min(bar.bottom, box.bottom) - Math.max(bar.top, box.top));
    return {
        what: element.id || element.className || element.getAttribute("href") || element.tagName,
        outlined: look.outlineStyle !== "none" && parseFloat(look.outlineWidth) >= 2,
        covered_px: Math.max(0, ...over),
        outside_px: Math.max(0, -box.top, box.bottom - innerHeight),
    };
}"""


class Keys:
    """The keys of ``phone``. ``walked``: what had the focus, step by step."""

    def __init__(self, phone: Phone) -> None:
        self._phone, self._page = phone, phone.page
        self.walked: list[str] = []

    def press(self, key: str) -> None:
        self._page.keyboard.press(key)

    def type(self, text: str) -> None:
        self._page.keyboard.type(text)

    def reach(self, selector: str, *, by: str = "Tab") -> None:
        """Press Tab (or ``by``) until the element has the focus; each step on the way has to be seen."""
        target = self._page.locator(selector)
        expect(target).to_be_visible()
        # A new screen takes the focus to its heading once it is painted.
        self._phone.settle()
        for _ in range(_MOST_STEPS):
            self.press(by)
            self.look()
            if target.evaluate("(element) => element === document.activeElement"):
                return
        raise AssertionError(f"{selector} is not reached: {self.walked[-_MOST_STEPS:]}")

    def use(self, selector: str, key: str = "Enter") -> None:
        """Reach a control and press it."""
        self.reach(selector)
        self.press(key)

    def look(self) -> None:
        """The focus is outlined, within the screen, and under no bar. On the page itself there is nothing to see."""
        focus: dict[str, Any] | None = self._page.evaluate(_FOCUS)
        seen = focus or {"what": "page", "outlined": True, "covered_px": 0, "outside_px": 0}
        self.walked.append(seen["what"])
        assert seen["outlined"], f"{seen['what']} has the focus, which nothing shows"
        assert seen["covered_px"] < 1, (
            f"{seen['what']} has the focus, {seen['covered_px']} px of it under a bar"
        )
        assert seen["outside_px"] < 1, (
            f"{seen['what']} has the focus, {seen['outside_px']} px of it outside the screen"
        )
