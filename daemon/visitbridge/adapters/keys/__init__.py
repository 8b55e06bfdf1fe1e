"""Where the store's key comes from: a systemd credential, else a file (threat model: secrets at rest)."""

from visitbridge.adapters.keys.credentials import read_text_credential
from visitbridge.adapters.keys.store_key import KEY_BYTES, load_store_key

__all__ = ["KEY_BYTES", "load_store_key", "read_text_credential"]
