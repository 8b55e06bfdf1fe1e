"""Two phones at one visit, over HTTPS and the event stream: seen at once, never both, nothing acknowledged lost."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.house import Phone
from tests.api.test_events import open_stream
from tests.api.visit_house import VisitHouse, content, open_visit_house
from visitbridge.sim.clock import FakeClock


@pytest.fixture
async def box(tmp_path: Path, clock: FakeClock) -> AsyncIterator[VisitHouse]:
    async with open_visit_house(tmp_path, clock) as opened:
        yield opened


async def test_Y05_a_take_over_is_seen_on_the_other_phone_at_once(box: VisitHouse) -> None:
    draft = await box.filled()
    path = f"/api/visits/{draft['visit']['visit_id']}/editor"
    second = await box.pair("陳醫師 Pixel")
    for taker, watcher in ((second, box.phone), (box.phone, second)):
        async with open_stream(box.house, watcher) as stream:
            assert (await stream.next()).name == "snapshot"
            # The clock stands still: what waited for a next second would not come.
            _, event = await asyncio.gather(taker.post(path, {"take": True}), stream.next())
        assert event.data["topic"] == "editor"
        assert event.data["value"]["phone_id"] == taker.phone_id


async def test_Y05_two_phones_that_write_at_once_lose_nothing_that_was_acknowledged(box: VisitHouse) -> None:
    visit_id = (await box.start())["visit"]["visit_id"]
    phones = {"甲": box.phone, "乙": await box.pair("陳醫師 Pixel")}
    acknowledged: dict[int, str] = {}
    codes: set[str] = set()

    async def write(name: str, phone: Phone) -> None:
        """Take over, save what the box has with a line of one's own, until it was acknowledged five times."""
        for number in itertools.count():
            taken = await phone.post(f"/api/visits/{visit_id}/editor", {"take": number % 2 == 0})
            record: dict[str, Any] = taken.json["visit"]
            text = f"{record['content']['subjective']}{name}{number} "
            saved = await phone.put(
                f"/api/visits/{visit_id}/content",
                {"revision": record["revision"], "content": content(subjective=text)},
            )
            codes.add(saved.code)
            if saved.status == 200:
                acknowledged[saved.json["revision"]] = text
            if sum(name in text for text in acknowledged.values()) >= 5:
                return

    await asyncio.gather(*(write(name, phone) for name, phone in phones.items()))

    stored = await box.room.store.read(lambda tx: tx.visits.revisions(visit_id))
    latest = await box.room.visit(visit_id)
    kept = {one.revision: one.content.subjective for one in (*stored, latest)}
    assert {revision: kept[revision] for revision in acknowledged} == acknowledged
    texts = [kept[revision] for revision in sorted(acknowledged)]
    assert all(later.startswith(earlier) for earlier, later in itertools.pairwise(texts)), (
        "each builds on the last"
    )
    assert codes <= {"", "GW-REQ-05", "GW-REQ-08"}
