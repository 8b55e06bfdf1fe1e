"""健保卡讀取方式 on a whole running box: chosen on a phone, told to that phone with the live state, there after a restart (S05, S06)."""

from __future__ import annotations

from pathlib import Path

from tests.app.box import config_for, running_box


async def test_S05_S06_a_phones_own_way_is_told_with_its_state_and_kept(tmp_path: Path) -> None:
    async with running_box(config_for(tmp_path)) as box:
        await box.pair()
        _, before = await box.ask("GET", "/api/state")
        status, _ = await box.ask("PUT", "/api/phone/identify-by", json={"by": "photo"})
        refused, _ = await box.ask("PUT", "/api/phone/identify-by", json={"by": "guess"})
        _, after = await box.ask("GET", "/api/state")
        cookie = box.cookie
    async with running_box(config_for(tmp_path)) as box:
        box.cookie = cookie
        _, kept = await box.ask("GET", "/api/state")

    assert (status, refused) == (204, 400)
    assert [state["identify"] for state in (before, after, kept)] == [
        {"by": "card"},
        {"by": "photo"},
        {"by": "photo"},
    ]
