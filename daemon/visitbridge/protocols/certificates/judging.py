"""What a certificate or a chain is, and whether it can be used: said before it replaces one that works."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Sequence

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization

from visitbridge.errors import (
    CertificateUnreadable,
    ChainBroken,
    KeyMismatch,
    NameMissing,
    NotAnAuthority,
    OutsideValidity,
)
from visitbridge.protocols.certificates.authority import general_name


class CertificateFacts(msgspec.Struct, frozen=True, kw_only=True):
    """``fingerprint``: SHA-256 of the DER form, lower-case hex. Names in RFC 4514 form. ``names``: the SAN as text."""

    subject: str
    issuer: str
    fingerprint: str
    begins_at: dt.datetime
    ends_at: dt.datetime
    names: tuple[str, ...] = ()


def facts_of(certificate: x509.Certificate) -> CertificateFacts:
    return CertificateFacts(
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
        begins_at=certificate.not_valid_before_utc,
        ends_at=certificate.not_valid_after_utc,
        names=tuple(str(each.value) for each in _names_of(certificate)),
    )


def permitted_names(certificate: x509.Certificate) -> tuple[str, ...]:
    """What an authority may speak for: zones and networks as text; empty where it is not constrained."""
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(str(each.value) for each in constraints.permitted_subtrees or ())


def readable_fingerprint(fingerprint: str) -> str:
    """Hex digits in pairs, upper case, as browsers show them: for comparing by eye."""
    return " ".join(fingerprint[at : at + 2] for at in range(0, len(fingerprint), 2)).upper()


def read_chain(pem: bytes) -> Sequence[x509.Certificate]:
    """The certificates of a PEM text in their order; keys beside them are passed over.

    Raises CertificateUnreadable (``certificate``).
    """
    try:
        return x509.load_pem_x509_certificates(pem)
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise CertificateUnreadable("no PEM certificate", field="certificate") from exc


def to_pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def judge_server_chain(chain: bytes, key: bytes, hosts: Iterable[str], now: dt.datetime) -> CertificateFacts:
    """The leaf of a chain that a server can present for all ``hosts`` now: leaf first, then who signed it.

    ``chain`` and ``key`` are PEM and may be the same text. Raises CertificateUnreadable, KeyMismatch,
    OutsideValidity, ChainBroken, NameMissing.
    """
    certificates = read_chain(chain)
    leaf = certificates[0]
    try:
        public_key = serialization.load_pem_private_key(key, password=None).public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm) as exc:
        raise CertificateUnreadable("no unencrypted PEM private key", field="key") from exc
    if public_key != leaf.public_key():
        raise KeyMismatch("the key belongs to another certificate", field="key")
    for certificate in certificates:
        require_valid(certificate, now)
    for issued, issuer in itertools.pairwise(certificates):
        _require_issued(issued, issuer)
    for host in hosts:
        if not is_for(leaf, host):
            raise NameMissing(
                f"the certificate is not for {host}", field="certificate", params={"name": host}
            )
    return facts_of(leaf)


def judge_root(pem: bytes, now: dt.datetime) -> CertificateFacts:
    """One certificate that may be trusted as a root: an authority, valid now.

    Raises CertificateUnreadable (also for more than one), NotAnAuthority, OutsideValidity.
    """
    certificates = read_chain(pem)
    if len(certificates) != 1:
        raise CertificateUnreadable("exactly one certificate is expected", field="certificate")
    root = certificates[0]
    try:
        is_authority = root.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        is_authority = False
    if not is_authority:
        raise NotAnAuthority("may not sign others", field="certificate")
    require_valid(root, now)
    return facts_of(root)


def is_for(leaf: x509.Certificate, host: str) -> bool:
    """Whether ``host`` is in the SAN; ``*`` stands for exactly one label (RFC 9525 §6.3)."""
    wanted = general_name(host)
    names = set(_names_of(leaf))
    if isinstance(wanted, x509.DNSName) and "." in wanted.value:
        names_of_zone = x509.DNSName(f"*.{wanted.value.partition('.')[2]}")
        return wanted in names or names_of_zone in names
    return wanted in names


def require_valid(certificate: x509.Certificate, now: dt.datetime) -> None:
    """Raises OutsideValidity."""
    begins_at, ends_at = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not begins_at <= now < ends_at:
        raise OutsideValidity(
            "not yet or no longer valid",
            field="certificate",
            params={"begins": begins_at.date().isoformat(), "ends": ends_at.date().isoformat()},
        )


def _require_issued(issued: x509.Certificate, issuer: x509.Certificate) -> None:
    try:
        issued.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature) as exc:
        raise ChainBroken("a certificate is not signed by the next one", field="certificate") from exc


def _names_of(certificate: x509.Certificate) -> Iterable[x509.GeneralName]:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
