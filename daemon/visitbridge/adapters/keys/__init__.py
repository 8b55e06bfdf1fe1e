"""Keys: what the machine itself has, from a systemd credential or a file, and the ring that wraps the store's key with it."""

from visitbridge.adapters.keys.credentials import read_text_credential
from visitbridge.adapters.keys.ring import RING_FILES, KeyRing, open_ring
from visitbridge.adapters.keys.store_key import KEY_BYTES, load_machine_key

__all__ = ["KEY_BYTES", "RING_FILES", "KeyRing", "load_machine_key", "open_ring", "read_text_credential"]
