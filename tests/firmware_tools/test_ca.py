"""vb-ca: what it makes, what it refuses, and that no key gets anywhere but into its file."""

from __future__ import annotations

import datetime as dt
import getpass
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509

from tests.patience import PATIENCE_S
from vbtools.ca import main
from visitbridge.adapters.tls import install_institution_certificate, open_box_tls
from visitbridge.protocols.certificates import judge_server_chain

HOSTS = ("10.42.0.1", "visitbridge", "visitbridge.local")
PASSPHRASE = "four words of chalk"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An institution's authority."""
    folder = tmp_path / "clinic"
    assert main(["make", str(folder), "--institution", "仁愛居家護理所"]) == 0
    return folder


def mode(file: Path) -> int:
    return file.stat().st_mode & 0o777


def test_the_authority_is_made_once_with_its_key_for_its_owner_only(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (folder / "ca.key").read_bytes(), (folder / "ca.pem").read_bytes()
    capsys.readouterr()

    again = main(["make", str(folder), "--institution", "別人"])

    assert (mode(folder), mode(folder / "ca.key"), mode(folder / "ca.pem")) == (0o700, 0o600, 0o644)
    assert again == 1
    assert "is left as it is" in capsys.readouterr().err
    assert ((folder / "ca.key").read_bytes(), (folder / "ca.pem").read_bytes()) == before


def test_a_box_serves_what_was_issued(folder: Path, tmp_path: Path) -> None:
    file, now = tmp_path / "box.pem", dt.datetime.now(dt.UTC)

    assert main(["issue", str(folder), str(file), *HOSTS]) == 0

    install_institution_certificate(tmp_path / "tls", file.read_bytes(), HOSTS, now)
    tls = open_box_tls(tmp_path / "tls", HOSTS, now, name="box")
    assert (mode(file), tls.refused, tls.ca_file) == (0o600, None, None)
    authority = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
    assert x509.load_pem_x509_certificates(file.read_bytes())[1] == authority


def test_it_says_what_it_made_and_prints_no_key(
    folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "zh_TW.UTF-8")
    file = tmp_path / "box.pem"
    main(["issue", str(folder), str(file), *HOSTS])
    issued = capfd.readouterr().out
    main(["show", str(folder / "ca.pem")])
    shown = capfd.readouterr().out

    facts = judge_server_chain(file.read_bytes(), file.read_bytes(), HOSTS, dt.datetime.now(dt.UTC))
    printed = re.search(r"SHA-256：([0-9A-F ]+)\n", issued)
    assert printed is not None
    assert printed[1].replace(" ", "").lower() == facts.fingerprint
    assert "10.42.0.1, visitbridge, visitbridge.local" in issued
    assert "192.168.0.0/16" in shown
    assert "PRIVATE" not in issued + shown


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--days", "825"], "life: phones refuse more than 825 days"),
        (["www.nhi.gov.tw"], "names: not among the names of the authority: www.nhi.gov.tw"),
        (["8.8.8.8"], "names: not among the names of the authority: 8.8.8.8"),
        (["other"], "names: not among the names of the authority: other"),
    ],
)
def test_what_phones_would_refuse_is_not_issued(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    file = tmp_path / "box.pem"

    code = main(["issue", str(folder), str(file), *HOSTS, *options])

    captured = capsys.readouterr()
    assert code == 1
    assert "GW-CRT-07" in captured.err
    assert said in captured.err
    assert not file.exists()


@pytest.mark.parametrize(
    "options",
    [
        ["--institution", " "],
        ["--institution", "a", "--name", "two.labels"],
        ["--institution", "a", "--name", "dash-"],
        ["--institution", "a", "--years", "0"],
        ["--institution", "a", "--years", "21"],
    ],
)
def test_a_careless_authority_is_not_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    assert main(["make", str(tmp_path / "ca"), *options]) == 1
    assert f"  {options[-2]}: " in capsys.readouterr().err
    assert not (tmp_path / "ca").exists()


@pytest.mark.parametrize("missing", ["ca.pem", "ca.key"])
def test_a_folder_without_an_authority_is_named(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], missing: str
) -> None:
    (folder / missing).unlink()

    assert main(["issue", str(folder), str(tmp_path / "box.pem"), *HOSTS]) == 1
    assert f"cannot read {folder / missing}" in capsys.readouterr().err


def test_a_passphrase_guards_the_authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([PASSPHRASE, PASSPHRASE, "wrong", PASSPHRASE])
    monkeypatch.setattr(getpass, "getpass", lambda _prompt: next(answers))
    folder, file = tmp_path / "ca", tmp_path / "box.pem"

    assert main(["make", str(folder), "--institution", "a", "--passphrase"]) == 0
    assert b"ENCRYPTED" in (folder / "ca.key").read_bytes()
    assert main(["issue", str(folder), str(file), *HOSTS]) == 1
    assert not file.exists()
    assert main(["issue", str(folder), str(file), *HOSTS]) == 0


@pytest.mark.parametrize(
    "typed",
    [["short", "short"], [PASSPHRASE, "another passphrase"], ["password1234", "password1234"]],
    ids=["short", "mistyped", "V6.2.4 common"],
)
def test_a_weak_or_mistyped_passphrase_makes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: list[str]
) -> None:
    answers = iter(typed)
    monkeypatch.setattr(getpass, "getpass", lambda _prompt: next(answers))

    assert main(["make", str(tmp_path / "ca"), "--institution", "a", "--passphrase"]) == 1
    assert not (tmp_path / "ca").exists()


def test_a_secret_that_nobody_can_be_asked_for_is_a_refusal(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "vbtools.ca",
            "make",
            str(tmp_path / "ca"),
            "--institution",
            "a",
            "--passphrase",
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )

    assert done.returncode == 1
    assert "  terminal: " in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "ca").exists()


def test_the_program_asks_at_the_terminal_without_showing_what_is_typed(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [
            sys.executable,
            "-m",
            "vbtools.ca",
            "make",
            str(tmp_path / "ca"),
            "--institution",
            "a",
            "--passphrase",
        ],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as program:
        os.close(theirs)
        seen = b""
        for question in (b"characters):", b"more:"):
            while question not in seen:
                seen += os.read(ours, 4096)
            os.write(ours, PASSPHRASE.encode() + b"\n")
        seen += _rest(ours)
        assert program.wait(PATIENCE_S) == 0
    os.close(ours)

    assert PASSPHRASE.encode() not in seen
    assert b"ENCRYPTED" in (tmp_path / "ca" / "ca.key").read_bytes()


def _rest(descriptor: int) -> bytes:
    """Everything until the other end closes, which Linux tells by EIO."""
    said = b""
    try:
        while piece := os.read(descriptor, 4096):
            said += piece
    except OSError:
        return said
    return said
