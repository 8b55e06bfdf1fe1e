"""Ten phones at once: each sees what one of them changes, none is forgotten, and none is woken more than it must be."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from tests.scenario.day import Day
from tests.scenario.listening import Heard, Listener, open_listeners
from visitbridge.api.events import PHONE_BURST

PHONES = 10
BUSY_S = 6.0


def of_visit(visit_id: str, revision: int) -> Callable[[Heard], bool]:
    def wanted(heard: Heard) -> bool:
        value = heard.data.get("value", {})
        return (value.get("visit_id"), value.get("revision")) == (visit_id, revision)

    return wanted


async def hear(listeners: tuple[Listener, ...], visit_id: str, revision: int) -> None:
    """Until each of them heard of it."""
    wanted = of_visit(visit_id, revision)
    await asyncio.gather(*(one.until(wanted) for one in listeners))


async def test_ten_phones_see_each_change_and_a_flood_of_them_once_a_second(day: Day) -> None:
    await day.sign_in()
    await day.insert("patient-wang")
    visit = await day.start()
    visit_id = visit["visit"]["visit_id"]
    async with open_listeners(day.phone, await day.lab.gateway(), PHONES) as listeners:
        # One change after another, as somebody types. How soon each is seen is measured by tests/bench/bench_ui.py.
        for number in range(6):
            await day.save(visit, {"subjective": f"咳嗽 {number} 天"})
            await hear(listeners, visit_id, visit["visit"]["revision"])

        # As fast as one phone can.
        began_s, before = time.monotonic(), [one.heard[-1].delivery for one in listeners]
        ends_s, saved, enough = began_s + BUSY_S, 0, 0.0
        while time.monotonic() < ends_s or saved <= enough:
            await day.save(visit, {"subjective": f"喘 {time.monotonic()}"})
            # A machine with other work takes longer until there are three for each time that a phone may be woken.
            saved, enough = saved + 1, 3 * (time.monotonic() - began_s + PHONE_BURST + BUSY_S / 2)
        await hear(listeners, visit_id, visit["visit"]["revision"])
        took_s = time.monotonic() - began_s

    deliveries = [one.heard[-1].delivery - first for one, first in zip(listeners, before, strict=True)]
    assert max(deliveries) <= took_s + PHONE_BURST, "no phone is woken more than once a second"
    assert min(deliveries) >= BUSY_S / 2, "no phone is left out while others are told"
    assert saved > 3 * max(deliveries), "changes were sent together"
