"""A box whose database is damaged starts from its backup, and says so everywhere until somebody took care of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.app.box import config_for, running_box
from visitbridge.adapters.keys import KeyRing, load_machine_key
from visitbridge.adapters.status_file import read_status
from visitbridge.adapters.store import open_store
from visitbridge.adapters.store.rescue import BackupShelf
from visitbridge.cli import main
from visitbridge.config import Config
from visitbridge.sim.clock import FakeClock
from visitbridge.words import load_catalogue


async def damage(config: Config) -> None:
    """Take a backup, then change one bit of the database."""
    path = config.box.state_dir / "store.db"
    machine_key = load_machine_key(None, config.store.credential, config.store.key_file)
    key = KeyRing(config.box.state_dir, machine_key).open_by_machine() or b""
    async with open_store(path, key, clock=FakeClock()) as store:
        await BackupShelf(config.box.state_dir / "backups").take(store)
    change(path)


def change(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)


def kept_aside(config: Config) -> list[Path]:
    return list(config.box.state_dir.glob("store.db.damaged-*"))


def queue_lines(config: Config, folder: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What ``visitbridge queue`` prints."""
    file = folder / "visitbridge.toml"
    places = f'state_dir = "{config.box.state_dir}"\nruntime_dir = "{config.box.runtime_dir}"\n'
    file.write_text(f"[box]\n{places}", "utf-8")
    main(["queue", "--config", str(file)])
    return capsys.readouterr().out.splitlines()


async def test_it_is_said_on_every_page_and_in_the_terminal_until_taken_care_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    config = config_for(tmp_path)
    async with running_box(config) as box:
        await box.pair()
        cookie = box.cookie
        sheet_id = (await box.ask("GET", "/api/box"))[1]["sheet_id"]
    await damage(config)
    async with running_box(config) as box:
        box.cookie = cookie
        status, state = await box.ask("GET", "/api/state")
        assert status == 200, "the phone is still paired"
        assert state["box"]["sheet_id"] == sheet_id
        assert state["store"]["rescued_at"] >= state["store"]["backup_at"]
        told = read_status(config.box.runtime_dir)
        assert told is not None
        assert told.backup_at is not None
        line = (
            load_catalogue()
            .texts("en")["cli.rescued"]
            .format(time=told.backup_at.astimezone().isoformat(timespec="minutes"))
        )
        assert line in queue_lines(config, tmp_path, capsys)
        assert (await box.ask("POST", "/api/box/rescue/seen"))[0] == 204
        _, state = await box.ask("GET", "/api/state")

    assert state["store"] == {"rescued_at": None, "backup_at": None}
    assert kept_aside(config)
