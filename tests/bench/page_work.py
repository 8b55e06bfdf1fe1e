"""How long a page's own thread worked for what was asked of it, from Chromium's trace: processor time, which other programs on
the machine hardly lengthen, where the clock on the wall tells most of how busy they were.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Browser, Page

Event = dict[str, Any]

_CATEGORIES = ("devtools.timeline", "disabled-by-default-devtools.timeline")
_INPUTS = ("click", "keydown", "input")
_TASK = "RunTask"
_HANDED_OVER = "Commit"


class PageWork:
    """Filled when the block of :func:`open_trace` ends. ``interactions_ms``: of each click, key and change of a text, what the
    page's thread worked from there until it had handed over the next frame; slowest first.
    """

    def __init__(self) -> None:
        self.interactions_ms: list[float] = []

    def read(self, events: list[Event]) -> None:
        ours = _page_thread(events)
        tasks = [event for event in ours if event["name"] == _TASK]
        frames_us = sorted(event["ts"] for event in ours if event["name"] == _HANDED_OVER)
        begun_us = [event["ts"] for event in ours if _type_of(event) in _INPUTS]
        self.interactions_ms = sorted((_worked_ms(tasks, at, frames_us) for at in begun_us), reverse=True)


@contextlib.contextmanager
def open_trace(browser: Browser, page: Page) -> Iterator[PageWork]:
    work = PageWork()
    browser.start_tracing(page=page, categories=list(_CATEGORIES))
    yield work
    work.read(json.loads(browser.stop_tracing())["traceEvents"])


@contextlib.contextmanager
def open_meter(page: Page) -> Iterator[list[float]]:
    """Milliseconds that the page's thread has worked by the end of the block, in a list that is empty until then."""
    worked_ms: list[float] = []
    meter = page.context.new_cdp_session(page)
    meter.send("Performance.enable", {"timeDomain": "threadTicks"})
    yield worked_ms
    named = {metric["name"]: metric["value"] for metric in meter.send("Performance.getMetrics")["metrics"]}
    worked_ms.append(named["TaskDuration"] * 1e3)


def _page_thread(events: list[Event]) -> list[Event]:
    """Complete events of the thread on which the page's events are dispatched."""
    threads = Counter((event["pid"], event["tid"]) for event in events if event["name"] == "EventDispatch")
    busiest = threads.most_common(1)[0][0]
    return [event for event in events if event["ph"] == "X" and (event["pid"], event["tid"]) == busiest]


def _type_of(event: Event) -> str:
    return str(event["args"]["data"]["type"]) if event["name"] == "EventDispatch" else ""


def _worked_ms(tasks: list[Event], begun_us: float, frames_us: list[float]) -> float:
    """Processor time of the tasks from the one in which an event was dispatched to the one that hands over the frame after it."""
    until_us = next((at for at in frames_us if at > begun_us), begun_us)
    worked_us: list[float] = [
        task.get("tdur", 0)
        for task in tasks
        if task["ts"] + task["dur"] > begun_us and task["ts"] <= until_us
    ]
    return sum(worked_us) / 1e3
