"""What binding leaves on the box: a private key, its certificate, and whom to trust (B05-B08).

All of it lives inside the encrypted store. Python's ssl module reads keys from files only, so a context is
made through an anonymous in-memory file that never touches a disk.
"""

from __future__ import annotations

import contextlib
import os
import ssl
from collections.abc import Iterator

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from visitbridge.errors import NotBound
from visitbridge.ports.store import Store, Transaction

_SETTING = "datacentre.credentials"
_PENDING = "datacentre.pending"


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """``receipt_key_hex``: raw Ed25519 public key of the other side's receipts."""

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


async def pending_key(store: Store, token: str, sheet_id: str) -> PendingKey:
    """The key already made for ``token``, or a new one, durable when this returns."""
    key = ec.generate_private_key(ec.SECP256R1())
    fresh = PendingKey(token=token, key_pem=_to_pem(key), csr_pem=_signing_request(key, sheet_id))

    def work(tx: Transaction) -> PendingKey:
        text = tx.settings.get(_PENDING)
        kept = None if text is None else msgspec.json.decode(text, type=PendingKey)
        if kept is not None and kept.token == token:
            return kept
        tx.settings.set(_PENDING, msgspec.json.encode(fresh).decode())
        return fresh

    return await store.write(work)


async def load_credentials(store: Store) -> Credentials | None:
    def work(tx: Transaction) -> str | None:
        return tx.settings.get(_SETTING)

    text = await store.read(work)
    return None if text is None else msgspec.json.decode(text, type=Credentials)


async def save_credentials(store: Store, credentials: Credentials) -> None:
    text = msgspec.json.encode(credentials).decode()

    def work(tx: Transaction) -> None:
        tx.settings.set(_SETTING, text)
        tx.settings.set(_PENDING, None)

    await store.write(work)


def _to_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _signing_request(key: ec.EllipticCurvePrivateKey, sheet_id: str) -> str:
    """A PKCS #10 request whose common name is the box's sheet id, PEM."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, sheet_id)])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()


def sign_with(credentials: Credentials, data: bytes) -> bytes:
    """ECDSA P-256 with SHA-256, DER."""
    key = serialization.load_pem_private_key(credentials.key_pem.encode(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise NotBound("the key of this box is of another kind")
    return key.sign(data, ec.ECDSA(hashes.SHA256()))


def trusting(ca_pem: str) -> ssl.SSLContext:
    """A client context that trusts this one authority and nothing of the machine's."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cadata=ca_pem)
    return context


def client_context(credentials: Credentials) -> ssl.SSLContext:
    """:func:`trusting` plus the box's own certificate."""
    context = trusting(credentials.ca_pem)
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
