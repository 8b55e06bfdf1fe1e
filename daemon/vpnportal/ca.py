"""Two certificate authorities, made at first start: one for the portal's own TLS, one for the boxes.

Apart, so that neither can speak for the other: a box's certificate never passes as a server's (extended key usage
on the authorities and the leaves, RFC 5280 §4.2.1.12). P-256 throughout.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import ipaddress
import os
from collections.abc import Iterable
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from visitbridge.errors import ConfigError

AUTHORITY_YEARS = 10
SERVER_DAYS = 397
DEVICE_DAYS = 397
SERVER_CA = "server-ca"
_CLOCK_SLACK = dt.timedelta(minutes=5)


class Authority:
    """A certificate and its key; issues leaves of one usage."""

    def __init__(
        self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey, usage: x509.ObjectIdentifier
    ) -> None:
        self.certificate = certificate
        self._key = key
        self._usage = usage

    @property
    def pem(self) -> str:
        return pem_of(self.certificate)

    def issue(
        self,
        public_key: ec.EllipticCurvePublicKey,
        subject: x509.Name,
        now: dt.datetime,
        days: int,
        names: Iterable[x509.GeneralName] = (),
    ) -> x509.Certificate:
        """Certify ``public_key`` from a little before ``now`` for ``days``."""
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.certificate.subject)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _CLOCK_SLACK)
            .not_valid_after(now + dt.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signing_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([self._usage]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
        )
        alternative = list(names)
        if alternative:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternative), critical=False)
        return builder.sign(self._key, hashes.SHA256())


def load_server_authority(folder: Path, now: dt.datetime, *, name: str = SERVER_CA) -> Authority:
    """The authority that boxes trust, made when there is none; its certificate is ``folder/NAME.pem``."""
    return _load_authority(folder, name, "visitbridge lab portal CA", ExtendedKeyUsageOID.SERVER_AUTH, now)


def load_device_authority(folder: Path, now: dt.datetime) -> Authority:
    """The authority that certifies boxes; its certificate is ``folder/device-ca.pem``."""
    return _load_authority(
        folder, "device-ca", "visitbridge lab device CA", ExtendedKeyUsageOID.CLIENT_AUTH, now
    )


def write_server_leaf(folder: Path, authority: Authority, hosts: Iterable[str], now: dt.datetime) -> Path:
    """Issue a fresh certificate for ``hosts`` and return the PEM file with its chain and key.

    Made anew at every start: nothing outside pins it, so renewal needs no second code path.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "vpnportal")])
    certificate = authority.issue(
        key.public_key(), subject, now, SERVER_DAYS, [_general_name(host) for host in hosts]
    )
    path = folder / "server.pem"
    write_private(path, _private_pem(key) + certificate.public_bytes(serialization.Encoding.PEM))
    return path


def read_csr(pem: str) -> ec.EllipticCurvePublicKey | None:
    """The P-256 key of a well-signed request, or None. Subject and extensions of the request are never used."""
    try:
        request = x509.load_pem_x509_csr(pem.encode())
        key = request.public_key()
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
            return None
        return key if request.is_signature_valid else None
    except (ValueError, UnsupportedAlgorithm):
        return None


def public_key_hash(key: ec.EllipticCurvePublicKey) -> str:
    """SHA-256 (hex) of the key's SubjectPublicKeyInfo."""
    return hashlib.sha256(
        key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    ).hexdigest()


def serial_text(serial: int) -> str:
    """A serial number as OpenSSL and Python's ``ssl`` print it: upper-case hex, whole bytes."""
    text = f"{serial:X}"
    return text if len(text) % 2 == 0 else "0" + text


def pem_of(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _load_authority(
    folder: Path, name: str, common_name: str, usage: x509.ObjectIdentifier, now: dt.datetime
) -> Authority:
    certificate_path, key_path = folder / f"{name}.pem", folder / f"{name}.key"
    if not certificate_path.exists():
        _make_authority(certificate_path, key_path, common_name, usage, now)
    try:
        certificate = x509.load_pem_x509_certificate(certificate_path.read_bytes())
        key = serialization.load_pem_private_key(key_path.read_bytes(), password=None)
    except (OSError, ValueError) as exc:
        raise ConfigError(f"{name} cannot be read") from exc
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise ConfigError(f"key and certificate of {name} do not belong together")
    return Authority(certificate, key, usage)


def _make_authority(
    certificate_path: Path, key_path: Path, common_name: str, usage: x509.ObjectIdentifier, now: dt.datetime
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SLACK)
        .not_valid_after(now + dt.timedelta(days=365 * AUTHORITY_YEARS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signing_certificates=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    # The key first: a start cut short here leaves no certificate, and the next one makes both anew.
    write_private(key_path, _private_pem(key))
    certificate_path.write_text(pem_of(certificate), "ascii")


def _key_usage(*, signing_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signing_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signing_certificates,
        crl_sign=signing_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, in one step."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
