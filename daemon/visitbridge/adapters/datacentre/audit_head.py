"""The box's own signing key, and the head of its audit trail signed with it."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from visitbridge.ports.store import Store, Transaction
from visitbridge.protocols.datacentre.audit_head import sign_head

_KEY = "audit.signing_key"


async def load_audit_key(store: Store) -> Ed25519PrivateKey:
    """The key that this box signs heads with, made at first use; it lives in the encrypted store."""
    fresh = Ed25519PrivateKey.generate().private_bytes_raw().hex()

    def work(tx: Transaction) -> str:
        kept = tx.settings.get(_KEY)
        if kept is None:
            tx.settings.set(_KEY, fresh)
        return kept or fresh

    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(await store.write(work)))


async def signed_head(store: Store, key: Ed25519PrivateKey) -> str:
    number, chain = await store.read(lambda tx: tx.audit.head())
    return sign_head(number, chain, key)
