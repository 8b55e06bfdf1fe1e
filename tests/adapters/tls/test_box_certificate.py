from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.patience import PATIENCE_S
from visitbridge.adapters.tls import (
    INSTITUTION_FILE,
    BoxTls,
    install_institution_certificate,
    open_box_tls,
)
from visitbridge.errors import (
    CertificateError,
    CertificateUnreadable,
    ChainBroken,
    KeyMismatch,
    NameMissing,
    OutsideValidity,
)
from visitbridge.protocols.certificates import KeyPair, issue_leaf, make_authority

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
HOSTS = ("10.77.0.1", "127.0.0.1", "fd00::1", "vb", "vb.local")


def open_tls(folder: Path, hosts: tuple[str, ...] = HOSTS, now: dt.datetime = NOW) -> BoxTls:
    return open_box_tls(folder, hosts, now, name="box")


def leaf_of(folder: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / "box.pem").read_bytes())


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> str | None:
    """The TLS version both agree on, over a real socket pair. Raises what the client's verification raises."""
    here, there = socket.socketpair()
    here.settimeout(PATIENCE_S)
    there.settimeout(PATIENCE_S)

    def serve() -> None:
        try:
            with server.wrap_socket(there, server_side=True) as tls:
                tls.recv(1)
        except OSError:
            there.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(here, server_hostname=name) as tls:
            return tls.version()
    finally:
        here.close()
        thread.join()


@pytest.mark.parametrize("host", HOSTS)
def test_a_phone_that_trusts_the_box_connects_by_every_name(tmp_path: Path, host: str) -> None:
    tls = open_tls(tmp_path)
    assert tls.ca_file is not None

    assert handshake(tls.context, ssl.create_default_context(cafile=tls.ca_file), host) == "TLSv1.3"


@pytest.mark.parametrize("host", ["10.77.0.2", "other.local", "example.org"])
def test_the_box_is_nobody_else(tmp_path: Path, host: str) -> None:
    tls = open_tls(tmp_path)

    with pytest.raises(ssl.SSLCertVerificationError, match=r"mismatch|doesn't match|not valid for"):
        handshake(tls.context, ssl.create_default_context(cafile=tls.ca_file), host)


def test_the_leaf_is_one_that_iphones_accept(tmp_path: Path) -> None:
    open_tls(tmp_path)
    leaf = leaf_of(tmp_path)

    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc <= dt.timedelta(days=825)
    assert leaf.not_valid_before_utc < NOW
    assert leaf.signature_hash_algorithm is not None
    assert leaf.signature_hash_algorithm.name == "sha256"
    usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["vb", "vb.local"]
    assert names.get_values_for_type(x509.IPAddress) == [
        ip_address("10.77.0.1"),
        ip_address("127.0.0.1"),
        ip_address("fd00::1"),
    ]


def test_a_restart_keeps_the_certificate(tmp_path: Path) -> None:
    first = open_tls(tmp_path)

    assert open_tls(tmp_path, now=NOW + dt.timedelta(days=700)).fingerprint == first.fingerprint


def test_new_local_hosts_get_a_new_leaf_from_the_same_authority(tmp_path: Path) -> None:
    first = open_tls(tmp_path)
    authority = (tmp_path / "ca.pem").read_bytes()

    second = open_tls(tmp_path, (*HOSTS, "192.168.4.1", "box2.home.arpa"))

    assert second.fingerprint != first.fingerprint
    assert (tmp_path / "ca.pem").read_bytes() == authority


def test_a_name_outside_the_constraints_gets_a_new_authority(tmp_path: Path) -> None:
    open_tls(tmp_path)
    authority = (tmp_path / "ca.pem").read_bytes()
    hosts = (*HOSTS, "box.clinic.example")

    tls = open_tls(tmp_path, hosts)

    assert (tmp_path / "ca.pem").read_bytes() != authority
    assert handshake(tls.context, ssl.create_default_context(cafile=tls.ca_file), "box.clinic.example")


def test_a_leaf_near_its_end_is_renewed(tmp_path: Path) -> None:
    first = open_tls(tmp_path)

    second = open_tls(tmp_path, now=first.expires_at - dt.timedelta(days=29))

    assert second.fingerprint != first.fingerprint
    assert second.expires_at > first.expires_at


def test_a_leaf_never_outlives_its_authority(tmp_path: Path) -> None:
    open_tls(tmp_path)
    authority = x509.load_pem_x509_certificate((tmp_path / "ca.pem").read_bytes())

    late = open_tls(tmp_path, now=authority.not_valid_after_utc - dt.timedelta(days=100))

    assert late.expires_at <= authority.not_valid_after_utc


@pytest.mark.parametrize("name", ["box.pem", "box.key", "ca.key", "ca.pem"])
def test_a_lost_file_is_made_again(tmp_path: Path, name: str) -> None:
    open_tls(tmp_path)
    (tmp_path / name).unlink()

    tls = open_tls(tmp_path)

    assert handshake(tls.context, ssl.create_default_context(cafile=tls.ca_file), "vb.local")


def test_the_keys_are_private(tmp_path: Path) -> None:
    open_tls(tmp_path / "tls")

    assert {file.stat().st_mode & 0o777 for file in (tmp_path / "tls").iterdir()} == {0o600}
    assert (tmp_path / "tls").stat().st_mode & 0o777 == 0o700


def institution(hosts: tuple[str, ...] = HOSTS, now: dt.datetime = NOW) -> tuple[KeyPair, KeyPair]:
    """An institution's authority, and key, leaf and chain that it issued."""
    authority = make_authority("clinic CA", hosts, now)
    return authority, issue_leaf(authority, hosts, now)


def drop_in(folder: Path, pair: KeyPair) -> tuple[Path, Path]:
    (folder / "chain.pem").write_bytes(pair.certificate)
    (folder / "key.pem").write_bytes(pair.key)
    return folder / "chain.pem", folder / "key.pem"


def test_a_dropped_in_certificate_is_used_as_it_is(tmp_path: Path) -> None:
    authority, pair = institution(("10.77.0.1", "clinic.example"))
    (tmp_path / "root.pem").write_bytes(authority.certificate)

    tls = open_box_tls(tmp_path / "own", HOSTS, NOW, name="box", dropped_in=drop_in(tmp_path, pair))

    assert (tls.ca_file, tls.refused) == (None, None)
    assert not (tmp_path / "own").exists()
    client = ssl.create_default_context(cafile=tmp_path / "root.pem")
    assert handshake(tls.context, client, "clinic.example")


def test_an_institutions_certificate_is_taken_from_the_boxs_own_folder(tmp_path: Path) -> None:
    authority, pair = institution()
    (tmp_path / "root.pem").write_bytes(authority.certificate)

    facts = install_institution_certificate(tmp_path / "tls", pair.key + pair.certificate, HOSTS, NOW)
    tls = open_tls(tmp_path / "tls")

    assert (tls.fingerprint, tls.ca_file, tls.refused) == (facts.fingerprint, None, None)
    assert (tmp_path / "tls" / INSTITUTION_FILE).stat().st_mode & 0o777 == 0o600
    client = ssl.create_default_context(cafile=tmp_path / "root.pem")
    assert [handshake(tls.context, client, host) for host in HOSTS] == ["TLSv1.3"] * len(HOSTS)


def unfit() -> dict[type[CertificateError], bytes]:
    """PEM texts with one thing wrong each."""
    authority, pair = institution()
    leaf = pair.certificate[: -len(authority.certificate)]
    old = institution(now=NOW - dt.timedelta(days=900))[1]
    return {
        CertificateUnreadable: b"-----BEGIN CERTIFICATE-----",
        KeyMismatch: institution()[1].key + pair.certificate,
        OutsideValidity: old.key + old.certificate,
        ChainBroken: pair.key + leaf + institution()[0].certificate,
        NameMissing: pair.key + leaf,
    }


@pytest.mark.parametrize("kind", unfit(), ids=lambda kind: kind.__name__)
def test_what_cannot_be_used_is_refused_and_the_old_one_stays(
    tmp_path: Path, kind: type[CertificateError]
) -> None:
    _, pair = institution()
    install_institution_certificate(tmp_path, pair.key + pair.certificate, HOSTS, NOW)
    before = open_tls(tmp_path).fingerprint

    with pytest.raises(kind):
        install_institution_certificate(tmp_path, unfit()[kind], (*HOSTS, "box2.local"), NOW)

    assert open_tls(tmp_path).fingerprint == before


@pytest.mark.parametrize("kind", unfit(), ids=lambda kind: kind.__name__)
def test_a_box_starts_with_its_own_certificate_when_the_dropped_in_one_is_unfit(
    tmp_path: Path, kind: type[CertificateError]
) -> None:
    (tmp_path / INSTITUTION_FILE).write_bytes(unfit()[kind])

    tls = open_tls(tmp_path, ("box2.local", *HOSTS))

    assert type(tls.refused) is kind
    assert tls.ca_file == tmp_path / "ca.pem"
    assert handshake(tls.context, ssl.create_default_context(cafile=tls.ca_file), "vb.local")


def test_a_missing_file_is_named_and_the_box_starts(tmp_path: Path) -> None:
    missing = tmp_path / "a.pem", tmp_path / "b.pem"

    tls = open_box_tls(tmp_path / "own", HOSTS, NOW, name="box", dropped_in=missing)

    assert isinstance(tls.refused, CertificateUnreadable)


def test_a_public_certificate_need_not_name_private_addresses(tmp_path: Path) -> None:
    authority = make_authority("public CA", ("clinic.example",), NOW)
    pair = issue_leaf(authority, ("*.clinic.example",), NOW)

    tls = open_box_tls(
        tmp_path / "own", ("box.clinic.example", *HOSTS), NOW, name="b", dropped_in=drop_in(tmp_path, pair)
    )

    assert (tls.ca_file, tls.refused) == (None, None)


def test_tls_before_1_2_is_not_spoken(tmp_path: Path) -> None:
    assert open_tls(tmp_path).context.minimum_version is ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize(
    "cipher",
    ["AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA", "DHE-RSA-AES128-GCM-SHA256"],
)
def test_without_forward_secrecy_or_aead_nothing_is_agreed(tmp_path: Path, cipher: str) -> None:
    tls = open_tls(tmp_path)
    client = ssl.create_default_context(cafile=tls.ca_file)
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    client.set_ciphers(cipher)

    with pytest.raises(ssl.SSLError, match="HANDSHAKE_FAILURE"):
        handshake(tls.context, client, "vb.local")


@pytest.mark.parametrize("cipher", ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"])
def test_a_phone_without_tls_1_3_gets_what_is_recommended(tmp_path: Path, cipher: str) -> None:
    tls = open_tls(tmp_path)
    client = ssl.create_default_context(cafile=tls.ca_file)
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    client.set_ciphers(cipher)

    assert handshake(tls.context, client, "vb.local") == "TLSv1.2"
