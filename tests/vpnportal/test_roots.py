"""The portal tells boxes of its next root before it uses it (Y11)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.vpnportal.box import Box
from tests.vpnportal.portal import RunningPortal
from visitbridge.errors import ConfigError
from visitbridge.protocols.datacentre.device import DeviceStatus
from visitbridge.protocols.datacentre.roots import RootsAnnouncement, is_announced_by
from vpnportal.ca import load_server_authority
from vpnportal.cli import main
from vpnportal.clock import machine_now
from vpnportal.roots import announced_roots, change_over, prepare_next

NOW = dt.datetime(2026, 11, 22, 1, 0, tzinfo=dt.UTC)
KEY = Ed25519PrivateKey.generate()
PUBLIC_HEX = KEY.public_key().public_bytes_raw().hex()


async def ask(box: Box) -> tuple[str, RootsAnnouncement]:
    """What the box's status names, and what is announced."""
    status = (await box.ask("GET", "/device")).as_(DeviceStatus)
    return status.roots_digest, (await box.ask("GET", "/roots")).as_(RootsAnnouncement)


async def test_a_box_hears_of_the_next_root_from_the_running_portal(
    bound: Box, portal: RunningPortal
) -> None:
    before = await ask(bound)

    following = prepare_next(portal.folder / "keys", machine_now())
    digest, announcement = await ask(bound)

    assert before[1].roots == (portal.ca_pem,)
    assert before[0] == before[1].digest != digest == announcement.digest
    assert announcement.roots == (portal.ca_pem, following.pem)
    assert bound.bound is not None
    assert is_announced_by(announcement, bound.bound.receipt_key_hex)
    assert await ask(bound) == (digest, announcement)


@pytest.mark.parametrize(
    "change",
    [
        lambda said: msgspec.structs.replace(said, roots=(*said.roots, "another")),
        lambda said: msgspec.structs.replace(said, roots=said.roots[:-1]),
        lambda said: msgspec.structs.replace(said, issued_at=said.issued_at + dt.timedelta(seconds=1)),
        lambda said: msgspec.structs.replace(said, signature=""),
        lambda said: msgspec.structs.replace(said, signature="zz"),
    ],
)
def test_an_announcement_that_somebody_changed_is_not_the_portals(
    tmp_path: Path, change: Callable[[RootsAnnouncement], RootsAnnouncement]
) -> None:
    load_server_authority(tmp_path, NOW)
    prepare_next(tmp_path, NOW)
    said = announced_roots(tmp_path, KEY.sign, NOW)

    assert is_announced_by(said, PUBLIC_HEX)
    assert not is_announced_by(change(said), PUBLIC_HEX)
    assert not is_announced_by(said, Ed25519PrivateKey.generate().public_key().public_bytes_raw().hex())


def test_the_former_root_is_announced_no_longer_after_the_change(tmp_path: Path) -> None:
    former = load_server_authority(tmp_path, NOW)
    following = prepare_next(tmp_path, NOW)
    both = announced_roots(tmp_path, KEY.sign, NOW)

    used = change_over(tmp_path, NOW)
    after = announced_roots(tmp_path, KEY.sign, NOW + dt.timedelta(days=1))

    assert used.pem == following.pem != former.pem
    assert (both.roots, after.roots) == ((former.pem, following.pem), (following.pem,))
    assert after.issued_at > both.issued_at


def test_a_change_cut_short_is_refused_and_mended_by_doing_it_again(tmp_path: Path) -> None:
    load_server_authority(tmp_path, NOW)
    following = prepare_next(tmp_path, NOW)
    (tmp_path / "server-ca.key").write_bytes((tmp_path / "next-server-ca.key").read_bytes())

    with pytest.raises(ConfigError, match="do not belong together"):
        load_server_authority(tmp_path, NOW)

    assert change_over(tmp_path, NOW).pem == following.pem
    assert load_server_authority(tmp_path, NOW).pem == following.pem


def test_the_commands_prepare_change_and_show(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keys = tmp_path / "keys"

    def run(*words: str) -> tuple[object, str]:
        with pytest.raises(SystemExit) as done:
            main(["roots", *words, "--dir", str(tmp_path)])
        output = capsys.readouterr()
        return done.value.code, output.out + output.err

    assert run("show") == (0, "")
    assert run("change") == (1, "vpnportal: --dir: no next root was prepared\n")
    status, said = run("prepare")
    fingerprint = said.split()[-1]
    assert (status, said.startswith("announced from now on: ")) == (0, True)
    assert run("prepare") == (0, said)
    assert run("change")[0] == 0
    status, said = run("show")
    assert (status, said) == (0, f"in use: {keys / 'server-ca.pem'} SHA-256 {fingerprint}\n")
    used = x509.load_pem_x509_certificate((keys / "server-ca.pem").read_bytes())
    assert used.fingerprint(hashes.SHA256()).hex() == fingerprint
