"""Private certificate authorities that can only speak for boxes, and leaves that iPhones accept.

Limits for leaves: SAN present, EKU serverAuth, SHA-2, at most 825 days (Apple support 103769). An authority is
name-constrained (RFC 5280 §4.2.1.10, critical) to private addresses, to local zones and to the names it was made
for, so installing it on a phone lets nobody impersonate a public site with it.
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

from visitbridge.errors import CertificateUnreadable, IssueRefused, KeyMismatch

LEAF_LIFE = dt.timedelta(days=820)
LEAF_LIMIT = dt.timedelta(days=825)
AUTHORITY_LIFE = dt.timedelta(days=3650)
RENEW_BEFORE = dt.timedelta(days=30)
BACKDATED = dt.timedelta(days=1)
"""How long before its making a certificate begins, since a phone's clock may be behind."""

LOCAL_ZONES = ("home.arpa", "local", "localhost")
PRIVATE_NETWORKS = (
    IPv4Network("10.0.0.0/8"),
    IPv4Network("127.0.0.0/8"),
    IPv4Network("169.254.0.0/16"),
    IPv4Network("172.16.0.0/12"),
    IPv4Network("192.168.0.0/16"),
    IPv6Network("::1/128"),
    IPv6Network("fc00::/7"),
    IPv6Network("fe80::/10"),
)


class KeyPair(msgspec.Struct, frozen=True, kw_only=True):
    """PEM bytes; the key as PKCS #8, unencrypted unless whoever made it said otherwise."""

    certificate: bytes
    key: bytes

    def __repr__(self) -> str:
        return "KeyPair()"


def make_authority(
    name: str,
    hosts: Iterable[str],
    now: dt.datetime,
    *,
    life: dt.timedelta = AUTHORITY_LIFE,
    passphrase: bytes | None = None,
) -> KeyPair:
    """A self-signed P-256 authority for leaves of private addresses, :data:`LOCAL_ZONES` and ``hosts``.

    A DNS constraint covers the name itself and what lies below it, so each single-label name is one of ``hosts``.
    With ``passphrase`` the key is encrypted (PKCS #8, PBES2).
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    certificate = (
        _builder(subject, subject, key.public_key(), now, life)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.NameConstraints(permitted_subtrees=_permitted(hosts), excluded_subtrees=None), critical=True
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return _pair(certificate, key, passphrase)


def issue_leaf(
    authority: KeyPair,
    hosts: Iterable[str],
    now: dt.datetime,
    *,
    life: dt.timedelta = LEAF_LIFE,
    passphrase: bytes | None = None,
) -> KeyPair:
    """A server certificate with a key of its own for ``hosts``, whose PEM is the chain: leaf, then authority.

    It ends with its authority at the latest. ``passphrase`` opens the authority's key. Raises CertificateUnreadable
    or KeyMismatch for what is no authority with its key, and IssueRefused (``names``, ``life``, ``authority``) for a name outside
    the authority's constraints, more than :data:`LEAF_LIMIT`, or an authority that has ended.
    """
    issuer, issuer_key = _load_authority(authority, passphrase)
    names = tuple(hosts)
    if life + BACKDATED > LEAF_LIMIT:
        raise IssueRefused(f"phones refuse more than {LEAF_LIMIT.days} days", field="life")
    if not issuer.not_valid_before_utc <= now < issuer.not_valid_after_utc:
        raise IssueRefused("the authority is not valid now", field="authority")
    refused = [name for name in names if not _may_speak_for(issuer, name)]
    if refused or not names:
        raise IssueRefused(
            f"not among the names of the authority: {', '.join(refused) or 'none given'}", field="names"
        )
    key = ec.generate_private_key(ec.SECP256R1())
    # Not a name alone: where no SAN is a DNS name, OpenSSL holds a common name that looks like one to the constraints.
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"visitbridge {names[0]}"[:64])])
    certificate = (
        _builder(subject, issuer.subject, key.public_key(), now, min(life, issuer.not_valid_after_utc - now))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([general_name(name) for name in names]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
        .sign(issuer_key, hashes.SHA256())
    )
    leaf = _pair(certificate, key, None)
    return KeyPair(certificate=leaf.certificate + authority.certificate, key=leaf.key)


def covers(certificate: bytes, hosts: Iterable[str], now: dt.datetime) -> bool:
    """Whether the first certificate of a chain is for exactly ``hosts`` and not near its end."""
    leaf = x509.load_pem_x509_certificate(certificate)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return set(names) == {general_name(host) for host in hosts} and is_fresh(certificate, now)


def is_fresh(certificate: bytes, now: dt.datetime) -> bool:
    found = x509.load_pem_x509_certificate(certificate)
    return found.not_valid_before_utc <= now < found.not_valid_after_utc - RENEW_BEFORE


def permits(authority: bytes, hosts: Iterable[str]) -> bool:
    """Whether an authority made by :func:`make_authority` may speak for all ``hosts``."""
    found = x509.load_pem_x509_certificate(authority)
    return all(_may_speak_for(found, host) for host in hosts)


def general_name(host: str) -> x509.DNSName | x509.IPAddress:
    """A host name or an address in text, as certificates name it."""
    address = _address(host)
    return x509.DNSName(host.lower()) if address is None else x509.IPAddress(address)


def _load_authority(
    authority: KeyPair, passphrase: bytes | None
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    try:
        certificate = x509.load_pem_x509_certificate(authority.certificate)
        key = serialization.load_pem_private_key(authority.key, passphrase)
    except (ValueError, TypeError) as exc:
        raise CertificateUnreadable(
            "no authority and its key, or another passphrase", field="authority"
        ) from exc
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise KeyMismatch("the authority's key is another one's", field="authority")
    return certificate, key


def _may_speak_for(authority: x509.Certificate, host: str) -> bool:
    constraints = authority.extensions.get_extension_for_class(x509.NameConstraints).value
    permitted = constraints.permitted_subtrees or ()
    address = _address(host)
    if address is not None:
        networks = [each.value for each in permitted if isinstance(each, x509.IPAddress)]
        return any(
            isinstance(network, IPv4Network | IPv6Network)
            and network.version == address.version
            and address in network
            for network in networks
        )
    name = host.lower()
    zones = [each.value.lower() for each in permitted if isinstance(each, x509.DNSName)]
    return any(name == zone or name.endswith(f".{zone}") for zone in zones)


def _permitted(hosts: Iterable[str]) -> list[x509.GeneralName]:
    hosts = tuple(hosts)
    names = [host.lower() for host in hosts if _address(host) is None]
    outside = [name for name in names if not name.endswith(tuple(f".{zone}" for zone in LOCAL_ZONES))]
    addresses = [address for address in map(_address, hosts) if address is not None]
    networks = [*PRIVATE_NETWORKS, *(_single(a) for a in addresses if not _is_private(a))]
    return [
        *(x509.DNSName(name) for name in dict.fromkeys([*LOCAL_ZONES, *outside])),
        *(x509.IPAddress(network) for network in networks),
    ]


def _is_private(address: IPv4Address | IPv6Address) -> bool:
    return any(address.version == network.version and address in network for network in PRIVATE_NETWORKS)


def _single(address: IPv4Address | IPv6Address) -> IPv4Network | IPv6Network:
    return IPv4Network(address) if isinstance(address, IPv4Address) else IPv6Network(address)


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    now: dt.datetime,
    life: dt.timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
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


def _pair(
    certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey, passphrase: bytes | None
) -> KeyPair:
    encryption = (
        serialization.NoEncryption()
        if passphrase is None
        else serialization.BestAvailableEncryption(passphrase)
    )
    return KeyPair(
        certificate=certificate.public_bytes(serialization.Encoding.PEM),
        key=key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption),
    )
