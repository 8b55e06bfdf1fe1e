"""環境檢測 over the API, and the doctor over the console, on a whole running box: the same report."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import msgspec
import pytest

from tests.app.box import config_for, running_box
from visitbridge.adapters.console import SOCKET_NAME, order
from visitbridge.config import LinkSection, dump
from visitbridge.config.load import Loaded


async def test_an_unbound_box_says_what_to_do_first(tmp_path: Path) -> None:
    config = config_for(tmp_path)
    async with running_box(config) as box:
        await box.pair()
        status, page = await box.ask("GET", "/api/environment")
        report = await order(config.box.runtime_dir, "doctor")
        assert (config.box.runtime_dir / SOCKET_NAME).stat().st_mode & 0o777 == 0o600

    assert status == 200
    items = {check["item"]: check for check in page["items"]}
    assert (items["data_centre"]["state"], items["data_centre"]["code"]) == ("fail", "not_bound")
    assert items["radio"]["state"] == "absent"
    assert items["disk"]["state"] in {"ok", "warn"}
    assert page["ready"] is False
    assert report is not None
    assert msgspec.json.decode(report.answer)["items"] == page["items"]


async def test_C02_hosts_of_the_configuration_are_tried(tmp_path: Path) -> None:
    async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0) as server:
        host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        config = msgspec.structs.replace(config_for(tmp_path), link=LinkSection(hosts=(host,)))
        async with running_box(config) as box:
            await box.pair()
            _, page = await box.ask("GET", "/api/environment")

    (sites,) = [check for check in page["items"] if check["item"] == "vpn_sites"]
    assert (sites["state"], sites["params"]) == ("ok", {"count": 1})


async def test_nobody_but_a_paired_phone_may_ask(tmp_path: Path) -> None:
    async with running_box(config_for(tmp_path)) as box:
        assert (await box.ask("GET", "/api/environment"))[0] == 401


async def test_nobody_answers_when_no_box_runs(tmp_path: Path) -> None:
    assert await order(tmp_path, "doctor") is None


@pytest.mark.parametrize(("form", "told"), [([], b"["), (["--json"], b'"ready": false')])
async def test_the_command_prints_both_forms(tmp_path: Path, form: list[str], told: bytes) -> None:
    config = config_for(tmp_path)
    file = tmp_path / "visitbridge.toml"
    file.write_text(dump(Loaded(config=config, origins={})), "utf-8")
    command = [sys.executable, "-m", "visitbridge", "doctor", "--config", str(file), *form]
    async with running_box(config):
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        out, _ = await process.communicate()

    assert told in out
    assert process.returncode == 1
