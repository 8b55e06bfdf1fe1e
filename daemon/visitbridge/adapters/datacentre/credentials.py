"""What binding leaves on the box: a private key, its certificate, and whom to trust (B05-B08).

All of it lives inside the encrypted store. Python's ssl module reads keys from files only, so a context is
made through an anonymous in-memory file that never touches a disk.
"""

from __future__ import annotations

import contextlib
import os
import ssl
from collections.abc import Iterable, Iterator, Sequence

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from visitbridge.adapters.tls.suites import narrow
from visitbridge.errors import NotBound
from visitbridge.ports.portal_keys import CertificateLife, PortalRoot, TrustedRoots
from visitbridge.ports.records import AuditEntry
from visitbridge.ports.store import Store, Transaction

_SETTING = "datacentre.credentials"
_ROOTS = "datacentre.roots"
_PENDING = "datacentre.pending"
_PENDING_RENEWAL = "datacentre.pending_renewal"


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """``ca_pem``: the root that QR-2 brought. ``receipt_key_hex``: raw Ed25519 public key of the other side's receipts."""

    url: str
    ca_pem: str
    certificate_pem: str
    key_pem: str
    receipt_key_hex: str

    def __repr__(self) -> str:
        return f"Credentials(url={self.url!r})"


class PendingKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key whose certificate was asked for with ``token``: kept before asking, since the answer may be lost
    and the same request is answered alike.
    """

    token: str
    key_pem: str
    csr_pem: str

    def __repr__(self) -> str:
        return "PendingKey()"


async def pending_key(store: Store, token: str, name: str) -> PendingKey:
    """The key already made for binding with ``token``, or a new one, durable when this returns."""
    return await _pending(store, _PENDING, token, name)


async def pending_renewal(store: Store, credentials: Credentials) -> PendingKey:
    """The key already made to follow that of ``credentials``, or a new one, durable when this returns."""
    certificate = x509.load_pem_x509_certificate(credentials.certificate_pem.encode())
    name = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    return await _pending(store, _PENDING_RENEWAL, f"{certificate.serial_number:x}", str(name))


async def forget_renewal(store: Store) -> None:
    """The next renewal begins with another key."""

    def work(tx: Transaction) -> None:
        tx.settings.set(_PENDING_RENEWAL, None)

    await store.write(work)


async def _pending(store: Store, setting: str, token: str, name: str) -> PendingKey:
    key = ec.generate_private_key(ec.SECP256R1())
    fresh = PendingKey(token=token, key_pem=_to_pem(key), csr_pem=_signing_request(key, name))

    def work(tx: Transaction) -> PendingKey:
        text = tx.settings.get(setting)
        kept = None if text is None else msgspec.json.decode(text, type=PendingKey)
        if kept is not None and kept.token == token:
            return kept
        tx.settings.set(setting, msgspec.json.encode(fresh).decode())
        return fresh

    return await store.write(work)


async def load_credentials(store: Store) -> tuple[Credentials, TrustedRoots] | None:
    def work(tx: Transaction) -> tuple[str | None, str | None]:
        return tx.settings.get(_SETTING), tx.settings.get(_ROOTS)

    text, roots = await store.read(work)
    if text is None:
        return None
    credentials = msgspec.json.decode(text, type=Credentials)
    if roots is None:
        return credentials, _roots_of_binding(credentials)
    return credentials, msgspec.json.decode(roots, type=TrustedRoots)


async def save_binding(store: Store, credentials: Credentials) -> TrustedRoots:
    """Keep what binding brought; whom the box trusted before does not matter any more."""
    trusted = _roots_of_binding(credentials)

    def work(tx: Transaction) -> None:
        tx.settings.set(_SETTING, _text(credentials))
        tx.settings.set(_ROOTS, _text(trusted))
        tx.settings.set(_PENDING, None)
        tx.settings.set(_PENDING_RENEWAL, None)

    await store.write(work)
    return trusted


async def save_renewed(store: Store, credentials: Credentials, entry: AuditEntry) -> None:
    def work(tx: Transaction) -> None:
        tx.settings.set(_SETTING, _text(credentials))
        tx.settings.set(_PENDING_RENEWAL, None)
        tx.audit.append(entry)

    await store.write(work)


async def save_roots(store: Store, trusted: TrustedRoots, entry: AuditEntry) -> None:
    def work(tx: Transaction) -> None:
        tx.settings.set(_ROOTS, _text(trusted))
        tx.audit.append(entry)

    await store.write(work)


def life_of(credentials: Credentials) -> CertificateLife:
    certificate = x509.load_pem_x509_certificate(credentials.certificate_pem.encode())
    return CertificateLife(
        begins_at=certificate.not_valid_before_utc, ends_at=certificate.not_valid_after_utc
    )


def institution_of(credentials: Credentials) -> str:
    """Code of the institution that the certificate names as its organisation; empty where it names none."""
    certificate = x509.load_pem_x509_certificate(credentials.certificate_pem.encode())
    named = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return str(named[0].value) if named else ""


def _roots_of_binding(credentials: Credentials) -> TrustedRoots:
    """The root of QR-2, there since the box got its certificate."""
    root = PortalRoot(pem=credentials.ca_pem, source="binding", added_at=life_of(credentials).begins_at)
    return TrustedRoots(roots=(root,))


def _text(value: msgspec.Struct) -> str:
    return msgspec.json.encode(value).decode()


def _to_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _signing_request(key: ec.EllipticCurvePrivateKey, name: str) -> str:
    """A PKCS #10 request whose common name is ``name``, PEM."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()


def sign_with(credentials: Credentials, data: bytes) -> bytes:
    """ECDSA P-256 with SHA-256, DER."""
    key = serialization.load_pem_private_key(credentials.key_pem.encode(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise NotBound("the key of this box is of another kind")
    return key.sign(data, ec.ECDSA(hashes.SHA256()))


def trusting(roots: Iterable[str]) -> ssl.SSLContext:
    """A client context that trusts these roots (PEM) and nothing of the machine's."""
    context = narrow(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    context.load_verify_locations(cadata="\n".join(roots))
    return context


def client_context(credentials: Credentials, roots: Sequence[PortalRoot]) -> ssl.SSLContext:
    """:func:`trusting` plus the box's own certificate."""
    context = trusting(root.pem for root in roots)
    with _in_memory(credentials.certificate_pem + "\n" + credentials.key_pem) as path:
        context.load_cert_chain(path)
    return context


@contextlib.contextmanager
def _in_memory(text: str) -> Iterator[str]:
    descriptor = os.memfd_create("visitbridge-key", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
