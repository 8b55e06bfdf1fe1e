"""健保署網站上的準備 on a whole running box: said on a phone, kept over a restart, told by the survey and on the trail."""

from __future__ import annotations

from pathlib import Path

from tests.app.box import config_for, running_box


async def test_A04_A05_A07_what_a_technician_said_is_there_after_a_restart(tmp_path: Path) -> None:
    async with running_box(config_for(tmp_path)) as box:
        await box.pair()
        _, before = await box.ask("GET", "/api/site-steps")
        status, after = await box.ask("PUT", "/api/site-steps/managers", json={"state": "done"})
        _, report = await box.ask("GET", "/api/environment")
        cookie = box.cookie
    async with running_box(config_for(tmp_path)) as box:
        box.cookie = cookie
        _, kept = await box.ask("GET", "/api/site-steps")
        _, trail = await box.ask("GET", "/api/audit")

    assert {step["state"] for step in before} == {"open"}
    assert (status, [step["step"] for step in after if step["state"] == "done"]) == (200, ["managers"])
    assert (after[0]["by"], kept) == ("測試手機", after)
    site = next(check for check in report["items"] if check["item"] == "site")
    assert (site["state"], site["params"]) == ("warn", {"count": 7})
    assert ("site.step", "managers", "done") in {
        (row["entry"]["act"], row["entry"]["record"], row["entry"]["why"]) for row in trail["rows"]
    }


async def test_a_step_or_a_state_that_there_is_not_is_named(tmp_path: Path) -> None:
    async with running_box(config_for(tmp_path)) as box:
        await box.pair()
        unknown_step, step = await box.ask("PUT", "/api/site-steps/dns", json={"state": "done"})
        unknown_state, state = await box.ask("PUT", "/api/site-steps/users", json={"state": "approved"})
        unfit, applied = await box.ask("PUT", "/api/site-steps/users", json={"state": "applied"})

    assert (unknown_step, step["error"]["field"]) == (404, "step")
    assert (unknown_state, state["error"]["field"]) == (400, "state")
    assert (unfit, applied["error"]["field"]) == (422, "state")
