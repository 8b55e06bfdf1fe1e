"""出門前檢查 on a whole box: the page and the shell say the same (B15)."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from tests.app.box import config_for, running_box
from visitbridge.config import dump
from visitbridge.config.load import Loaded
from visitbridge.words import load_catalogue


@pytest.mark.parametrize(("locale", "language"), [("zh_TW.UTF-8", "zh-Hant-TW"), ("en_GB.UTF-8", "en")])
async def test_B15_the_shell_says_what_the_page_says(tmp_path: Path, locale: str, language: str) -> None:
    config = config_for(tmp_path)
    file = tmp_path / "box.toml"
    file.write_text(dump(Loaded(config=config, origins={})), "utf-8")
    command = (sys.executable, "-m", "visitbridge", "departure", "--config", str(file))
    async with running_box(config) as box:
        await box.pair()
        status, page = await box.ask("GET", "/api/departure")
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, env={**os.environ, "LC_ALL": locale}
        )
        out, _ = await process.communicate()

    assert (status, page["ready"], process.returncode) == (200, False, 1)
    texts = load_catalogue().texts(language)
    lines = [line for line in out.decode().splitlines() if line.startswith("[")]
    names = [texts[f"environment.item.{item['item']}"] for item in page["items"]]
    assert [line.partition("] ")[2].partition(":")[0] for line in lines] == names
    assert texts["environment.sam.not_bound.now"] in out.decode()


async def test_B15_the_shell_says_so_when_no_box_runs(tmp_path: Path) -> None:
    file = tmp_path / "box.toml"
    file.write_text(dump(Loaded(config=config_for(tmp_path), origins={})), "utf-8")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "visitbridge", "departure", "--config", str(file)),
        stderr=asyncio.subprocess.PIPE,
    )
    await process.communicate()
    assert process.returncode == 69
