"""The machine's key, which wraps the store's (ring.py): 32 bytes, raw or as 64 hex digits. Never in the configuration, never logged."""

from __future__ import annotations

import binascii
import os
import secrets
import stat
from pathlib import Path

from visitbridge.adapters.private_files import make_private_folder, write_private
from visitbridge.errors import ConfigError

KEY_BYTES = 32


def load_machine_key(credentials_dir: Path | None, credential: str, key_file: Path | None) -> bytes:
    """Take the key from ``credentials_dir / credential``, else from ``key_file``.

    ``credentials_dir`` is what systemd names in ``CREDENTIALS_DIRECTORY`` (systemd.exec(5)). A key file that does
    not exist yet is made, with a new random key. Raises ConfigError when there is neither, when the file can be
    read by others, or when the content is no key; a key that exists is never replaced.
    """
    if credentials_dir is not None and (credentials_dir / credential).is_file():
        return _decode(credentials_dir / credential)
    if key_file is None:
        raise ConfigError(
            f"no key for the store: neither the systemd credential {credential} nor [store] key_file is there"
        )
    if not key_file.exists():
        make_private_folder(key_file.parent)
        write_private(key_file, secrets.token_hex(KEY_BYTES).encode() + b"\n")
    _require_private(key_file)
    return _decode(key_file)


def _require_private(file: Path) -> None:
    status = file.stat()
    if status.st_uid not in {os.geteuid(), 0} or status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(f"{file}: others may read the store's key; its mode must be 0600")


def _decode(file: Path) -> bytes:
    try:
        content = file.read_bytes()
    except OSError as exc:
        raise ConfigError(f"{file}: the store's key cannot be read: {exc.strerror}") from exc
    if len(content) == KEY_BYTES:
        return content
    try:
        key = binascii.unhexlify(content.strip())
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        raise ConfigError(f"{file}: not a key of {KEY_BYTES} bytes or {2 * KEY_BYTES} hex digits")
    return key
