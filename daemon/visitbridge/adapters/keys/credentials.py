"""Secrets given as text by systemd: PINs and passwords of the modem."""

from __future__ import annotations

from pathlib import Path

from visitbridge.errors import ConfigError


def read_text_credential(credentials_dir: Path | None, name: str) -> str:
    """Content of a credential without its line break; empty when it was not given. Raises ConfigError."""
    if credentials_dir is None or not (credentials_dir / name).is_file():
        return ""
    try:
        return (credentials_dir / name).read_text("ascii").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"the credential {name} cannot be read as text") from exc
