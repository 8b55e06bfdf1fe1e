"""The whole box with its port for plain HTTP: pages, and probes that know the phones that are paired."""

from __future__ import annotations

import socket
from pathlib import Path

import aiohttp
import msgspec

from tests.app.box import config_for, running_box
from visitbridge.config import Config
from visitbridge.protocols.certificates import readable_fingerprint


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def config_with(folder: Path, port: int, *, answer_probes: bool = True) -> Config:
    config = config_for(folder)
    http = msgspec.structs.replace(config.http, plain_port=port, answer_probes=answer_probes)
    return msgspec.structs.replace(config, http=http)


async def probe(port: int) -> tuple[int, str]:
    """As an iPhone does; status and where it is sent."""
    url = f"http://127.0.0.1:{port}/hotspot-detect.html"
    headers = {"Host": "captive.apple.com"}
    async with (
        aiohttp.ClientSession() as http,
        http.get(url, headers=headers, allow_redirects=False) as answer,
    ):
        return answer.status, answer.headers.get("Location", "")


async def test_a_paired_phone_is_left_in_peace_and_a_new_one_is_shown_the_way(tmp_path: Path) -> None:
    port = free_port()
    async with running_box(config_with(tmp_path, port)) as box:
        stranger = await probe(port)
        await box.pair()
        await box.ask("GET", "/api/state")
        paired = await probe(port)
        async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{port}/") as answer:
            page = await answer.text()

    assert stranger == (302, f"http://127.0.0.1:{port}/joined")
    assert paired == (200, "")
    assert box.ready.url in page
    assert readable_fingerprint(box.ready.fingerprint) in page


async def test_the_switch_leaves_phones_their_mobile_data(tmp_path: Path) -> None:
    port = free_port()
    async with running_box(config_with(tmp_path, port, answer_probes=False)) as box:
        await box.pair()

        assert (await probe(port))[0] == 421


async def test_the_environment_on_plain_http_names_nobody(tmp_path: Path) -> None:
    port = free_port()
    async with running_box(config_with(tmp_path, port)) as box:
        await box.pair()
        _, report = await box.ask("GET", "/api/environment")
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"http://127.0.0.1:{port}/environment") as answer,
        ):
            page = await answer.text()

    assert [item["item"] for item in report["items"] if f'data-item="{item["item"]}"' not in page] == []
    assert "測試盒" not in page
    assert "測試手機" not in page


async def test_a_locked_box_says_where_it_is_and_no_more(tmp_path: Path) -> None:
    port = free_port()
    config = config_with(tmp_path, port)
    async with running_box(config) as box:
        await box.pair()
        await box.ask("PUT", "/api/lock/phrase", json={"phrase": "一二三四五六七八九十甲乙"})

    async with running_box(config) as box, aiohttp.ClientSession() as http:
        async with http.get(f"http://127.0.0.1:{port}/") as answer:
            page = await answer.text()
        async with http.get(f"http://127.0.0.1:{port}/environment") as answer:
            environment = answer.status

    assert box.ready.pair_url == "", "it is locked"
    assert box.ready.url in page
    assert readable_fingerprint(box.ready.fingerprint) in page
    assert ("/environment" in page, environment) == (False, 404)
