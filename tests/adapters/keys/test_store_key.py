from __future__ import annotations

from pathlib import Path

import pytest

from visitbridge.adapters.keys import KEY_BYTES, load_machine_key
from visitbridge.errors import ConfigError

RAW = bytes(range(32))


def private(file: Path, content: bytes) -> Path:
    file.write_bytes(content)
    file.chmod(0o600)
    return file


@pytest.mark.parametrize("content", [RAW, RAW.hex().encode(), RAW.hex().upper().encode() + b"\n"])
def test_a_key_is_raw_or_hex(tmp_path: Path, content: bytes) -> None:
    assert load_machine_key(None, "store.key", private(tmp_path / "k", content)) == RAW


def test_the_credential_comes_before_the_file(tmp_path: Path) -> None:
    private(tmp_path / "store.key", RAW)

    assert load_machine_key(tmp_path, "store.key", tmp_path / "absent") == RAW
    assert not (tmp_path / "absent").exists()


def test_the_first_start_makes_a_private_key_and_the_next_finds_it(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "store.key"

    first = load_machine_key(None, "store.key", file)

    assert len(first) == KEY_BYTES
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert load_machine_key(None, "store.key", file) == first
    assert [entry.name for entry in file.parent.iterdir()] == ["store.key"]


def test_two_boxes_do_not_share_a_key(tmp_path: Path) -> None:
    assert load_machine_key(None, "k", tmp_path / "a") != load_machine_key(None, "k", tmp_path / "b")


@pytest.mark.parametrize("content", [b"", b"short", RAW + b"x", b"zz" * 32, RAW.hex().encode()[:-1]])
def test_what_is_no_key_is_refused_and_kept(tmp_path: Path, content: bytes) -> None:
    file = private(tmp_path / "k", content)

    with pytest.raises(ConfigError, match="not a key"):
        load_machine_key(None, "store.key", file)

    assert file.read_bytes() == content


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o777])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    file = private(tmp_path / "k", RAW)
    file.chmod(mode)

    with pytest.raises(ConfigError, match="mode must be 0600"):
        load_machine_key(None, "store.key", file)


def test_without_any_source_the_reason_names_both(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"credential store\.key nor \[store\] key_file"):
        load_machine_key(tmp_path, "store.key", None)


def test_no_message_holds_key_material(tmp_path: Path) -> None:
    file = private(tmp_path / "k", RAW.hex().encode() + b"00")

    with pytest.raises(ConfigError) as caught:
        load_machine_key(None, "store.key", file)

    assert RAW.hex()[:8] not in str(caught.value)
