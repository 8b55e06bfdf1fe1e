"""A box that starts locked, and one that was erased: what it serves then, and that nothing else can be had."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.app.box import RunningBox, config_for, running_box
from tests.test_cli import config_file
from visitbridge.adapters.console import order
from visitbridge.adapters.erasure import Erasure
from visitbridge.app.closed import UNLOCK_BURST
from visitbridge.cli import main
from visitbridge.config import Config

PHRASE = "一二三四五六七八九十甲乙"


async def locked(config: Config) -> str:
    """Set a pass-phrase and stop; the cookie of the phone that did."""
    async with running_box(config) as box:
        await box.pair()
        status, settings = await box.ask("PUT", "/api/lock/phrase", json={"phrase": PHRASE})
        assert (status, settings) == (200, {"starts_locked": True, "cards": False})
        return box.cookie


async def code_of(box: RunningBox, method: str, path: str, **given: Any) -> tuple[int, str]:
    status, answer = await box.ask(method, path, **given)
    return status, answer["error"]["code"] if status >= 400 else ""


async def test_V6_2_4_a_common_phrase_is_refused_with_its_reason(tmp_path: Path) -> None:
    async with running_box(config_for(tmp_path)) as box:
        await box.pair()
        status, refused = await box.ask("PUT", "/api/lock/phrase", json={"phrase": "password1234"})
        _, settings = await box.ask("GET", "/api/lock/settings")

    error = refused["error"]
    assert (status, error["field"], error["params"]) == (422, "phrase", {"rule": "guessed_soon"})
    assert "password1234" not in str(refused)
    assert settings == {"starts_locked": False, "cards": False}


async def test_a_box_opens_by_itself_until_somebody_wants_it_otherwise(tmp_path: Path) -> None:
    async with running_box(config_for(tmp_path)) as box:
        _, view = await box.ask("GET", "/api/lock")
        await box.pair()
        _, settings = await box.ask("GET", "/api/lock/settings")

    assert view == {"state": "open", "takes_cards": False, "readers": [], "erased_at": None, "erased_why": ""}
    assert settings == {"starts_locked": False, "cards": False}


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/api/state"), ("GET", "/api/visits"), ("POST", "/api/pair"), ("GET", "/api/phones")],
)
async def test_a_locked_box_serves_nobody_anything(tmp_path: Path, method: str, path: str) -> None:
    config = config_for(tmp_path)
    cookie = await locked(config)
    async with running_box(config) as box:
        box.cookie = cookie
        _, view = await box.ask("GET", "/api/lock")
        _, health = await box.ask("GET", "/api/alive")
        refused = await code_of(box, method, path)

    assert (view["state"], health["status"]) == ("locked", "ok")
    assert refused == (423, "GW-STO-06")
    assert box.ready.pair_url == ""


async def test_the_phrase_opens_it_and_work_goes_on_in_the_same_process(tmp_path: Path) -> None:
    config = config_for(tmp_path)
    cookie = await locked(config)
    async with running_box(config) as box:
        wrong = await code_of(box, "POST", "/api/lock/open-by-phrase", json={"phrase": "not this one here"})
        right = await code_of(box, "POST", "/api/lock/open-by-phrase", json={"phrase": PHRASE})
        await box.wait_next()
        box.cookie = cookie
        status, state = await box.ask("GET", "/api/state")
        _, trail = await box.ask("GET", "/api/audit")

    assert (wrong, right) == ((403, "GW-STO-07"), (204, ""))
    assert (status, state["box"]["box_name"]) == (200, "測試盒")
    acts = {row["entry"]["act"]: row["entry"]["why"] for row in trail["rows"]}
    assert acts["lock.open.phrase"] == "refused=1"
    assert "lock.phrase" in acts


async def test_a_strangers_guesses_are_limited_by_address(tmp_path: Path) -> None:
    config = config_for(tmp_path)
    await locked(config)
    async with running_box(config) as box:
        found = [
            await code_of(box, "POST", "/api/lock/open-by-phrase", json={"phrase": f"guess number {number}"})
            for number in range(UNLOCK_BURST + 1)
        ]

    assert found == [(403, "GW-STO-07")] * UNLOCK_BURST + [(429, "GW-ACC-08")]


async def test_the_lock_comes_off_again(tmp_path: Path) -> None:
    config = config_for(tmp_path)
    cookie = await locked(config)
    async with running_box(config) as box:
        await box.ask("POST", "/api/lock/open-by-phrase", json={"phrase": PHRASE})
        await box.wait_next()
        box.cookie = cookie
        await box.prove()
        wrong = await code_of(box, "POST", "/api/lock/remove", json={"phrase": "not this one here"})
        unknowing = await code_of(box, "PUT", "/api/lock/phrase", json={"phrase": "another phrase of words"})
        await box.ask("POST", "/api/lock/remove", json={"phrase": PHRASE})
    async with running_box(config) as again:
        _, view = await again.ask("GET", "/api/lock")

    assert wrong == unknowing == (403, "GW-STO-07"), "who changes the lock has to know how it opens"
    assert view["state"] == "open"


SHELL = ("health", "queue", "doctor")


async def said_at_the_shell(folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, tuple[int, str]]:
    """Exit code and error code of each command that asks the running box."""
    file = str(config_file(folder))
    codes = {name: await asyncio.to_thread(main, [name, "--config", file]) for name in SHELL}
    said = re.findall(r"^GW-STO-\d\d", capsys.readouterr().err, re.M)
    return dict(zip(SHELL, zip(codes.values(), said, strict=True), strict=True))


async def test_at_the_shell_a_locked_box_says_that_it_is_locked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And not that nothing runs, which would have a technician restart it for ever."""
    config = config_for(tmp_path)
    await locked(config)
    async with running_box(config) as box:
        said = await said_at_the_shell(tmp_path, capsys)
        await box.ask("POST", "/api/lock/open-by-phrase", json={"phrase": PHRASE})
        await box.wait_next()
        opened = await order(config.box.runtime_dir, "health")

    assert said == dict.fromkeys(SHELL, (65, "GW-STO-06"))
    assert opened is not None
    assert opened.problem is None


async def test_at_the_shell_an_erased_box_says_that_it_was_erased(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = config_for(tmp_path)
    async with running_box(config) as box:
        await box.pair()
        await box.ask("POST", "/api/box/reset", json={"name": "測試盒"})
        await box.wait_next()
        said = await said_at_the_shell(tmp_path, capsys)

    assert said == dict.fromkeys(SHELL, (65, "GW-STO-08"))


async def test_no_log_line_holds_the_phrase(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    config = config_for(tmp_path)
    await locked(config)
    async with running_box(config) as box:
        await box.ask("POST", "/api/lock/open-by-phrase", json={"phrase": PHRASE})
        await box.wait_next()

    assert PHRASE not in caplog.text
    assert files_with(tmp_path, PHRASE.encode()) == []


def files_with(folder: Path, text: bytes) -> list[str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return [path.name for path in files if text in path.read_bytes()]


async def test_a_reset_ends_in_a_state_that_says_so_and_outlives_a_restart(tmp_path: Path) -> None:
    config = config_for(tmp_path)
    async with running_box(config) as box:
        await box.pair()
        status, _ = await box.ask("POST", "/api/box/reset", json={"name": "測試盒"})
        await box.wait_next()
        gone = await looks(box)
    async with running_box(config) as again:
        still = await looks(again)

    assert status == 204
    assert gone == still == ("erased", "reset", (410, "GW-STO-08"))
    assert sorted(path.name for path in config.box.state_dir.iterdir()) == ["erased.json", "tls"]
    assert not (tmp_path / "store.key").exists()


async def looks(box: RunningBox) -> tuple[str, str, tuple[int, str]]:
    """What a phone sees; the box made itself another certificate, so nothing of the old one is trusted."""
    connector = aiohttp.TCPConnector(ssl=False)
    async with aiohttp.ClientSession(connector=connector) as http:
        box.http, kept = http, box.http
        try:
            _, view = await box.ask("GET", "/api/lock")
            return view["state"], view["erased_why"], await code_of(box, "GET", "/api/state")
        finally:
            box.http = kept


async def test_another_name_resets_nothing(tmp_path: Path) -> None:
    async with running_box(config_for(tmp_path)) as box:
        await box.pair()
        refused = await code_of(box, "POST", "/api/box/reset", json={"name": "別的盒"})
        status, _ = await box.ask("GET", "/api/state")

    assert (refused[0], status) == (422, 200)


async def test_after_it_was_begun_again_the_box_is_new(tmp_path: Path) -> None:
    config = config_for(tmp_path)
    async with running_box(config) as box:
        await box.pair()
        _, before = await box.ask("GET", "/api/box")
        await box.ask("POST", "/api/box/reset", json={"name": "測試盒"})
        await box.wait_next()
    begun = Erasure(config.box.state_dir, config.box.runtime_dir, None).begin_again()
    async with running_box(config) as new:
        await new.pair()
        status, after = await new.ask("GET", "/api/box")

    assert (begun, status) == (True, 200)
    assert after["sheet_id"] != before["sheet_id"]
