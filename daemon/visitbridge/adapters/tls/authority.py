"""A private certificate authority that can only speak for this box, and leaves that iPhones accept.

Limits for leaves: SAN present, EKU serverAuth, SHA-2, at most 825 days (Apple support 103769). The authority is
name-constrained (RFC 5280 §4.2.1.10) to private addresses and to the names of this box, so installing it on a
phone lets nobody impersonate a public site with it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LEAF_LIFE = dt.timedelta(days=820)
AUTHORITY_LIFE = dt.timedelta(days=3650)
RENEW_BEFORE = dt.timedelta(days=30)

_BACKDATED = dt.timedelta(days=1)
_PRIVATE_NETWORKS = (
    IPv4Network("10.0.0.0/8"),
    IPv4Network("127.0.0.0/8"),
    IPv4Network("169.254.0.0/16"),
    IPv4Network("172.16.0.0/12"),
    IPv4Network("192.168.0.0/16"),
    IPv6Network("::1/128"),
    IPv6Network("fc00::/7"),
    IPv6Network("fe80::/10"),
)
_LOCAL_NAMES = ("home.arpa", "local", "localhost")


class KeyPair(msgspec.Struct, frozen=True, kw_only=True):
    """PEM bytes; the key unencrypted PKCS #8."""

    certificate: bytes
    key: bytes

    def __repr__(self) -> str:
        return "KeyPair()"


def make_authority(name: str, hosts: Iterable[str], now: dt.datetime) -> KeyPair:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    certificate = (
        _builder(subject, subject, key.public_key(), now, AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(
            x509.NameConstraints(permitted_subtrees=_permitted(hosts), excluded_subtrees=None), critical=True
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return _pair(certificate, key)


def issue_leaf(authority: KeyPair, hosts: Iterable[str], now: dt.datetime) -> KeyPair:
    """A server certificate for ``hosts`` whose PEM is the chain: leaf, then authority."""
    issuer = x509.load_pem_x509_certificate(authority.certificate)
    issuer_key = serialization.load_pem_private_key(authority.key, password=None)
    if not isinstance(issuer_key, ec.EllipticCurvePrivateKey):
        raise TypeError("the authority's key is not an EC key")
    names = tuple(hosts)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    life = min(LEAF_LIFE, issuer.not_valid_after_utc - now)
    certificate = (
        _builder(subject, issuer.subject, key.public_key(), now, life)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
        .sign(issuer_key, hashes.SHA256())
    )
    leaf = _pair(certificate, key)
    return KeyPair(certificate=leaf.certificate + authority.certificate, key=leaf.key)


def covers(certificate: bytes, hosts: Iterable[str], now: dt.datetime) -> bool:
    """Whether the first certificate of a chain is for exactly ``hosts`` and not near its end."""
    leaf = x509.load_pem_x509_certificate(certificate)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return set(names) == {_general_name(host) for host in hosts} and is_fresh(certificate, now)


def is_fresh(certificate: bytes, now: dt.datetime) -> bool:
    found = x509.load_pem_x509_certificate(certificate)
    return found.not_valid_before_utc <= now < found.not_valid_after_utc - RENEW_BEFORE


def permits(authority: bytes, hosts: Iterable[str]) -> bool:
    """Whether an authority made by :func:`make_authority` may speak for all ``hosts``."""
    found = x509.load_pem_x509_certificate(authority)
    constraints = found.extensions.get_extension_for_class(x509.NameConstraints).value
    return set(_permitted(hosts)) <= set(constraints.permitted_subtrees or ())


def _permitted(hosts: Iterable[str]) -> list[x509.GeneralName]:
    names = [host.lower() for host in hosts if _address(host) is None]
    outside = [name for name in names if not name.endswith(tuple(f".{zone}" for zone in _LOCAL_NAMES))]
    addresses = [address for address in map(_address, hosts) if address is not None]
    networks = [*_PRIVATE_NETWORKS, *(_single(a) for a in addresses if not _is_private(a))]
    return [
        *(x509.DNSName(name) for name in dict.fromkeys([*_LOCAL_NAMES, *outside])),
        *(x509.IPAddress(network) for network in networks),
    ]


def _is_private(address: IPv4Address | IPv6Address) -> bool:
    return any(address.version == network.version and address in network for network in _PRIVATE_NETWORKS)


def _single(address: IPv4Address | IPv6Address) -> IPv4Network | IPv6Network:
    return IPv4Network(address) if isinstance(address, IPv4Address) else IPv6Network(address)


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _general_name(host: str) -> x509.GeneralName:
    address = _address(host)
    return x509.DNSName(host.lower()) if address is None else x509.IPAddress(address)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    now: dt.datetime,
    life: dt.timedelta,
) -> x509.CertificateBuilder:
    """Valid from a day ago, since a phone's clock may be behind."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + life)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _pair(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> KeyPair:
    return KeyPair(
        certificate=certificate.public_bytes(serialization.Encoding.PEM),
        key=key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
    )
