"""The support bundle of a running box, by page and by shell; the portal opens it."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from tests.app.box import config_for, running_box
from visitbridge.adapters.console import order
from visitbridge.api.resources.support import SupportFile
from visitbridge.config import Config, SupportSection
from visitbridge.protocols.support import SupportBundle, open_bundle
from vpnportal.cli import main as portal

KEY = X25519PrivateKey.generate()


def config(folder: Path) -> Config:
    recipient = KEY.public_key().public_bytes_raw().hex()
    return msgspec.structs.replace(config_for(folder), support=SupportSection(recipient=recipient))


async def test_what_is_shown_is_what_is_sealed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "visitbridge")
    async with running_box(config(tmp_path)) as box:
        await box.pair()
        _, shown = await box.ask("GET", "/api/support-bundle")
        status, made = await box.ask("POST", "/api/support-bundle")
        _, trail = await box.ask("GET", "/api/audit")
    opened = open_bundle(base64.b64decode(made["content"]), KEY)

    assert status == 200
    assert made["name"].endswith(".support")
    assert opened.box == msgspec.convert(shown["box"], type=type(opened.box))
    assert opened.settings == shown["settings"]
    assert {type(value) for value in opened.settings.values()} <= {bool, int, float}
    assert "ready" in {line.text for line in opened.logs}
    assert "測試盒" not in msgspec.json.encode(opened).decode(), "not even the box's own name"
    assert "測試手機" not in msgspec.json.encode(opened).decode()
    assert [row["entry"]["act"] for row in trail["rows"]].count("support.bundle") == 1


async def test_without_a_key_of_the_institution_none_is_made(tmp_path: Path) -> None:
    async with running_box(config_for(tmp_path)) as box:
        await box.pair()
        status, refused = await box.ask("POST", "/api/support-bundle")

    assert (status, refused["error"]["code"]) == (409, "GW-DC-06")


async def test_the_portal_opens_what_the_shell_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    box_config = config(tmp_path)
    async with running_box(box_config):
        answer = await order(box_config.box.runtime_dir, "support-bundle")
    assert answer is not None
    file, key = tmp_path / "b.support", tmp_path / "key.pem"
    file.write_bytes(msgspec.json.decode(answer.answer, type=SupportFile).content)
    key.write_bytes(
        KEY.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    codes = [
        await asyncio.to_thread(open_at_portal, tmp_path / "portal", file, *more)
        for more in ((), ("--key", key))
    ]
    shown = capsys.readouterr().out

    assert codes == [1, 0], "the portal's own key is another one"
    assert msgspec.json.decode(shown, type=SupportBundle).box.version


def open_at_portal(folder: Path, file: Path, *more: str | Path) -> object:
    with pytest.raises(SystemExit) as done:
        portal(["support", "open", str(file), "--dir", str(folder), *map(str, more)])
    return done.value.code
