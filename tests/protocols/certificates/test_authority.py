"""What an authority may speak for, as others judge it: OpenSSL through ``ssl``, and ``cryptography``'s own verifier."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.patience import PATIENCE_S
from visitbridge.errors import CertificateUnreadable, IssueRefused, KeyMismatch
from visitbridge.protocols.certificates import LEAF_LIMIT, KeyPair, issue_leaf, make_authority
from visitbridge.protocols.certificates.authority import BACKDATED

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
LABELS = ("visitbridge",)
GOOD = (
    "10.42.0.1",
    "172.16.3.4",
    "192.168.1.1",
    "fd00::1",
    "visitbridge",
    "visitbridge.local",
    "vb-7.home.arpa",
)
BAD = ("example.org", "www.nhi.gov.tw", "8.8.8.8", "2001:4860:4860::8888", "other", "notlocal", "xlocal")


@pytest.fixture(scope="module")
def authority() -> KeyPair:
    return make_authority("clinic CA", LABELS, NOW)


def forge(authority: KeyPair, host: str) -> KeyPair:
    """A leaf as a thief of the authority's key would sign it: with no check at all."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.load_pem_x509_certificate(authority.certificate)
    issuer_key = serialization.load_pem_private_key(authority.key, None)
    assert isinstance(issuer_key, ec.EllipticCurvePrivateKey)
    try:
        name: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        name = x509.DNSName(host)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a forged leaf")]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - dt.timedelta(days=1))
        .not_valid_after(NOW + dt.timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([name]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
        .sign(issuer_key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    return KeyPair(
        certificate=pem + authority.certificate,
        key=key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
    )


def connect(folder: Path, leaf: KeyPair, authority: KeyPair, host: str) -> str | None:
    """The TLS version that a phone with the authority installed agrees on. Raises what its verification raises."""
    (folder / "leaf.pem").write_bytes(leaf.key + leaf.certificate)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "leaf.pem")
    client = ssl.create_default_context(cadata=authority.certificate.decode())
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
        with client.wrap_socket(here, server_hostname=host) as tls:
            return tls.version()
    finally:
        here.close()
        thread.join()


def verify(leaf: KeyPair, authority: KeyPair, host: str) -> None:
    """By another implementation than OpenSSL's. Raises VerificationError."""
    try:
        subject: x509.IPAddress | x509.DNSName = x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        subject = x509.DNSName(host)
    root = x509.load_pem_x509_certificate(authority.certificate)
    verifier = (
        verification.PolicyBuilder()
        .store(verification.Store([root]))
        .time(NOW)
        .build_server_verifier(subject)
    )
    verifier.verify(x509.load_pem_x509_certificates(leaf.certificate)[0], [])


@pytest.mark.parametrize("host", GOOD)
def test_a_phone_that_has_the_authority_believes_the_box(
    tmp_path: Path, authority: KeyPair, host: str
) -> None:
    leaf = issue_leaf(authority, GOOD, NOW)

    assert connect(tmp_path, leaf, authority, host) == "TLSv1.3"
    verify(leaf, authority, host)


@pytest.mark.parametrize("host", BAD)
def test_whoever_steals_the_authority_can_be_nobody_else(
    tmp_path: Path, authority: KeyPair, host: str
) -> None:
    forged = forge(authority, host)

    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        connect(tmp_path, forged, authority, host)
    with pytest.raises(verification.VerificationError):
        verify(forged, authority, host)


@pytest.mark.parametrize("host", ["any.local", "10.9.9.9", "fd00::2"])
def test_a_forgery_inside_the_constraints_would_be_believed(
    tmp_path: Path, authority: KeyPair, host: str
) -> None:
    """Without this the refusals above could come from a broken forgery."""
    forged = forge(authority, host)

    assert connect(tmp_path, forged, authority, host) == "TLSv1.3"
    verify(forged, authority, host)


def test_a_box_that_has_addresses_only_is_believed(tmp_path: Path, authority: KeyPair) -> None:
    leaf = issue_leaf(authority, ("10.42.0.1",), NOW)

    assert connect(tmp_path, leaf, authority, "10.42.0.1") == "TLSv1.3"


@pytest.mark.parametrize("host", BAD)
def test_the_authority_is_not_asked_for_what_phones_would_refuse(authority: KeyPair, host: str) -> None:
    with pytest.raises(IssueRefused, match=host.replace(".", r"\.")) as caught:
        issue_leaf(authority, ("visitbridge.local", host), NOW)

    assert caught.value.field == "names"


def test_the_authority_signs_servers_only_and_no_other_authority(authority: KeyPair) -> None:
    certificate = x509.load_pem_x509_certificate(authority.certificate)
    constraints = certificate.extensions.get_extension_for_class(x509.NameConstraints)
    basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value

    assert (constraints.critical, basic.critical) == (True, True)
    assert (basic.value.ca, basic.value.path_length) == (True, 0)
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]


def test_a_leaf_lives_as_long_as_phones_allow_and_no_longer(authority: KeyPair) -> None:
    longest = LEAF_LIMIT - BACKDATED

    leaf = x509.load_pem_x509_certificate(issue_leaf(authority, GOOD, NOW, life=longest).certificate)

    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc == dt.timedelta(days=825)
    with pytest.raises(IssueRefused, match="825 days") as caught:
        issue_leaf(authority, GOOD, NOW, life=longest + dt.timedelta(seconds=1))
    assert caught.value.field == "life"


def test_an_authority_that_ended_issues_nothing(authority: KeyPair) -> None:
    with pytest.raises(IssueRefused, match="not valid now"):
        issue_leaf(authority, GOOD, NOW + dt.timedelta(days=4000))


def test_a_passphrase_locks_the_authoritys_key() -> None:
    locked = make_authority("clinic CA", LABELS, NOW, passphrase=b"correct horse")

    assert b"ENCRYPTED PRIVATE KEY" in locked.key
    assert issue_leaf(locked, GOOD, NOW, passphrase=b"correct horse").certificate.endswith(locked.certificate)
    with pytest.raises(CertificateUnreadable):
        issue_leaf(locked, GOOD, NOW, passphrase=b"wrong")
    with pytest.raises(CertificateUnreadable):
        issue_leaf(locked, GOOD, NOW)


def test_another_authoritys_key_signs_nothing(authority: KeyPair) -> None:
    mixed = KeyPair(certificate=authority.certificate, key=make_authority("other", LABELS, NOW).key)

    with pytest.raises(KeyMismatch):
        issue_leaf(mixed, GOOD, NOW)
