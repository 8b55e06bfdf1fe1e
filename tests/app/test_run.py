from __future__ import annotations

import asyncio
import contextlib
import ssl
from pathlib import Path

import aiohttp
import msgspec
import pytest

from tests.app.box import RunningBox, config_for, running_box
from visitbridge.adapters.systemd import NoNotifier
from visitbridge.app import Options, require_allowed, run_gateway
from visitbridge.config import Config, HttpSection, LabSection, ReadersSection
from visitbridge.errors import ConfigError, StoreKeyWrong, VirtualNotAllowed


async def paired(box: RunningBox) -> RunningBox:
    await box.pair()
    return box


async def test_a_fresh_box_says_what_it_is_and_what_it_lacks(tmp_path: Path) -> None:
    async with running_box(config_for(tmp_path)) as running:
        box = await paired(running)
        status, state = await box.ask("GET", "/api/state")
        bound_status, refused = await box.ask("POST", "/api/box/sam/verify")

    assert status == 200
    assert state["mode"] == {"virtual": True, "training": False, "lessons": False}
    assert (state["box"]["bound"], state["box"]["box_name"]) == (False, "測試盒")
    # The first probe may still be under way.
    assert state["link"]["hop"] in {"starting", "not_bound"}
    assert state["queue"]["depth"] == 0
    assert state["cards"] == {"readers": [], "troubles": []}
    assert state["staff"] == {"sessions": []}
    assert state["time"] == {"trust": "untrusted"}
    assert (bound_status, refused["error"]["code"]) == (409, "GW-DC-06")


async def test_the_box_and_its_phones_are_the_same_after_a_restart(tmp_path: Path) -> None:
    config = config_for(tmp_path)
    async with running_box(config) as running:
        box = await paired(running)
        _, before = await box.ask("GET", "/api/box")
        cookie, fingerprint = box.cookie, box.ready.fingerprint

    async with running_box(config) as again:
        again.cookie = cookie
        status, after = await again.ask("GET", "/api/box")

    assert (status, after["sheet_id"]) == (200, before["sheet_id"])
    assert again.ready.fingerprint == fingerprint


async def test_nothing_on_the_disk_is_for_others_to_read(tmp_path: Path) -> None:
    async with running_box(config_for(tmp_path)):
        modes = {
            folder.name: folder.stat().st_mode & 0o077 for folder in (tmp_path / "state", tmp_path / "run")
        }

    assert modes == {"state": 0, "run": 0}


async def test_an_open_event_stream_does_not_hold_up_a_stop(tmp_path: Path) -> None:
    async with contextlib.AsyncExitStack() as phone:
        async with running_box(config_for(tmp_path)) as running:
            box = await paired(running)
            # A connection of its own, which stays open when the box is told to stop.
            trust = ssl.create_default_context(cafile=box.ready.ca_file)
            http = await phone.enter_async_context(
                aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust))
            )
            headers = {"Cookie": f"__Host-vb={box.cookie}"}
            stream = await phone.enter_async_context(http.get(f"{box.origin}/api/events", headers=headers))
            await stream.content.readuntil(b"\n\n")
            rest = asyncio.create_task(stream.content.read())

        # The box ended it; the server would have cut it off after its time, which raises here.
        await rest


@pytest.mark.parametrize(
    "given",
    [
        {"readers": ReadersSection(pcsc=False, socket=("127.0.0.1:35963",))},
        {"lab": LabSection(control=Path("/lab.sock"))},
    ],
    ids=["readers", "lab"],
)
def test_simulated_parts_are_refused_unless_allowed(given: dict[str, object]) -> None:
    config = msgspec.structs.replace(Config(), **given)

    require_allowed(config, Options(allow_virtual=True))
    with pytest.raises(VirtualNotAllowed, match="needs --allow-virtual"):
        require_allowed(config, Options())


async def test_a_taken_port_is_a_configuration_error(tmp_path: Path) -> None:
    async with running_box(config_for(tmp_path)) as first:
        port = int(first.origin.rpartition(":")[2])
        other = tmp_path / "other"
        other.mkdir()
        config = config_for(other)
        config = msgspec.structs.replace(config, http=HttpSection(port=port, webui_dir=config.http.webui_dir))

        with pytest.RaisesGroup(ConfigError):
            await start(config)


async def test_another_key_does_not_open_the_store(tmp_path: Path) -> None:
    config = config_for(tmp_path)
    async with running_box(config):
        pass
    (tmp_path / "store.key").write_bytes(b"11" * 32)

    with pytest.raises(StoreKeyWrong):
        await start(config)


async def test_a_box_without_its_web_ui_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no web UI"):
        await start(config_for(tmp_path, webui=tmp_path / "nowhere"))


async def start(config: Config) -> None:
    await run_gateway(
        config,
        Options(allow_virtual=True),
        notifier=NoNotifier(),
        stop=asyncio.Event(),
        announce=lambda describe: None,
    )
