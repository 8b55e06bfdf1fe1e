"""The certificate that phones are shown, changed from the shell of a running box."""

from __future__ import annotations

import datetime as dt
import json
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S
from tests.test_cli import config_file
from visitbridge.cli import main
from visitbridge.cli.exit_codes import EXIT_REFUSED, EXIT_UNAVAILABLE
from visitbridge.protocols.certificates import KeyPair, issue_leaf, make_authority, readable_fingerprint

HOSTS = ("127.0.0.1", "localhost")


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """Of a box that runs as a process of its own."""
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "10-test.toml").write_text("[readers]\nbluetooth = false\n", "utf-8")
    command = [sys.executable, "-m", "visitbridge", "run", "--config", str(config_file(tmp_path))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        yield int(ready["url"].rpartition(":")[2].rstrip("/"))
        process.terminate()
        process.communicate(timeout=PATIENCE_S)


@pytest.fixture
def authority() -> KeyPair:
    return make_authority("clinic CA", (), now())


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(microsecond=0)


def leaf_file(folder: Path, authority: KeyPair, hosts: tuple[str, ...] = HOSTS) -> Path:
    leaf = issue_leaf(authority, hosts, now())
    file = folder / "leaf.pem"
    file.write_bytes(leaf.key + leaf.certificate)
    return file


def phone_connects(port: int, authority: KeyPair) -> bool:
    """Whether a phone that has the institution's authority sees no warning."""
    trust = ssl.create_default_context(cadata=authority.certificate.decode())
    try:
        with (
            socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as raw,
            trust.wrap_socket(raw, server_hostname="127.0.0.1"),
        ):
            return True
    except ssl.SSLCertVerificationError:
        return False


def run(tmp_path: Path, *words: str) -> int:
    return main([*words, "--config", str(tmp_path / "visitbridge.toml")])


def wait_shown(tmp_path: Path, fingerprint: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The box looks in a thread; ask until it tells of the new one."""
    until_s = time.monotonic() + PATIENCE_S
    shown = ""
    while fingerprint not in shown:
        assert time.monotonic() < until_s, shown
        run(tmp_path, "certificate", "show")
        shown = capsys.readouterr().out


def test_an_institutions_certificate_is_installed_and_served_at_once(
    tmp_path: Path, port: int, authority: KeyPair, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "certificate", "show") == 0
    assert "The box's own certificate is in use" in capsys.readouterr().out
    assert not phone_connects(port, authority)

    assert run(tmp_path, "certificate", "install", str(leaf_file(tmp_path, authority))) == 0

    fingerprint = capsys.readouterr().out.splitlines()[-1].rpartition(": ")[2]
    wait_shown(tmp_path, fingerprint, capsys)
    assert phone_connects(port, authority)
    assert len(fingerprint) == len(readable_fingerprint("00" * 32))


def test_one_for_another_box_is_refused_and_nothing_changes(
    tmp_path: Path, port: int, authority: KeyPair, capsys: pytest.CaptureFixture[str]
) -> None:
    file = leaf_file(tmp_path, authority, ("192.168.1.1",))

    assert run(tmp_path, "certificate", "install", str(file)) == EXIT_REFUSED
    assert "GW-CRT-03 The certificate is not for 127.0.0.1." in capsys.readouterr().err
    assert not (tmp_path / "state" / "tls" / "institution.pem").exists()


def test_a_file_put_in_place_by_hand_is_taken_on_reload(
    tmp_path: Path, port: int, authority: KeyPair, capsys: pytest.CaptureFixture[str]
) -> None:
    status = json.loads((tmp_path / "run" / "status.json").read_bytes())
    leaf_file(tmp_path, authority).replace(tmp_path / "state" / "tls" / "institution.pem")

    subprocess.run(["kill", "-HUP", str(status["pid"])], check=True)

    wait_shown(tmp_path, "The institution's certificate is in use", capsys)
    assert phone_connects(port, authority)


def test_without_a_running_box_there_is_nobody_to_ask(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config_file(tmp_path)

    assert [run(tmp_path, *words) for words in (("certificate", "show"), ("trust", "list"))] == [
        EXIT_UNAVAILABLE
    ] * 2


def test_an_unbound_box_trusts_nobody_and_takes_no_root(
    tmp_path: Path, port: int, authority: KeyPair, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "root.pem").write_bytes(authority.certificate)

    assert run(tmp_path, "trust", "list") == 0
    assert capsys.readouterr().out == ""
    assert run(tmp_path, "trust", "add", str(tmp_path / "root.pem")) == EXIT_REFUSED
    assert "GW-DC-06" in capsys.readouterr().err
