"""The server's TLS context: a dropped-in certificate, or the box's own, made and renewed as needed."""

from __future__ import annotations

import datetime as dt
import logging
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from visitbridge.adapters.private_files import make_private_folder, write_private
from visitbridge.adapters.tls.authority import KeyPair, covers, is_fresh, issue_leaf, make_authority, permits
from visitbridge.errors import ConfigError

log = logging.getLogger(__name__)

_CLEANSE_PLAINTEXT = 1 << 1
"""SSL_OP_CLEANSE_PLAINTEXT of OpenSSL 3: what was decrypted is wiped from its buffer once it was read. Python's
ssl has no name for it. PINs pass through that buffer.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxTls:
    """``ca_file``: what a phone may install; None with a dropped-in certificate. ``fingerprint``: SHA-256 of the
    leaf in hex, for comparing by eye at pairing. ``chain`` and ``key``: the files it was read from.
    """

    context: ssl.SSLContext
    ca_file: Path | None
    fingerprint: str
    expires_at: dt.datetime
    chain: Path
    key: Path


def open_box_tls(
    folder: Path,
    hosts: Sequence[str],
    now: dt.datetime,
    *,
    name: str,
    dropped_in: tuple[Path, Path] | None = None,
) -> BoxTls:
    """Use ``dropped_in`` (chain, key) while it is valid, else the box's own authority and leaf under ``folder``.

    A dropped-in certificate that ran out is left aside, so that phones still reach the box. The leaf is issued
    anew when the hosts changed or its end is near, the authority only when it may not speak for the hosts or ends
    itself, because phones would have to trust it again. Raises ConfigError for files that are no certificate and
    key.
    """
    if dropped_in is not None:
        tls = _open(*dropped_in, ca_file=None)
        if now < tls.expires_at:
            return tls
        log.warning("the dropped-in certificate ran out; using the box's own")
    make_private_folder(folder)
    authority = _authority(folder, hosts, now, name)
    leaf = _read_pair(folder / "box")
    if leaf is None or not covers(leaf.certificate, hosts, now) or not _issued_by(leaf, authority):
        _write_pair(folder / "box", issue_leaf(authority, hosts, now))
    return _open(folder / "box.pem", folder / "box.key", ca_file=folder / "ca.pem")


def _authority(folder: Path, hosts: Sequence[str], now: dt.datetime, name: str) -> KeyPair:
    kept = _read_pair(folder / "ca")
    if kept is not None and is_fresh(kept.certificate, now) and permits(kept.certificate, hosts):
        return kept
    fresh = make_authority(f"{name} CA", hosts, now)
    _write_pair(folder / "ca", fresh)
    return fresh


def _issued_by(leaf: KeyPair, authority: KeyPair) -> bool:
    return leaf.certificate.endswith(authority.certificate)


def _read_pair(stem: Path) -> KeyPair | None:
    certificate, key = stem.with_suffix(".pem"), stem.with_suffix(".key")
    if not (certificate.is_file() and key.is_file()):
        return None
    return KeyPair(certificate=certificate.read_bytes(), key=key.read_bytes())


def _write_pair(stem: Path, pair: KeyPair) -> None:
    """The certificate goes last: a crash in between leaves a pair that does not match and is made anew."""
    certificate = stem.with_suffix(".pem")
    certificate.unlink(missing_ok=True)
    write_private(stem.with_suffix(".key"), pair.key)
    write_private(certificate, pair.certificate)


def _open(chain: Path, key: Path, *, ca_file: Path | None) -> BoxTls:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.options |= _CLEANSE_PLAINTEXT
    try:
        context.load_cert_chain(chain, key)
        leaf = x509.load_pem_x509_certificate(chain.read_bytes())
    except (OSError, ssl.SSLError, ValueError) as exc:
        raise ConfigError(f"{chain} and {key} are no certificate and its key") from exc
    return BoxTls(
        context=context,
        ca_file=ca_file,
        fingerprint=leaf.fingerprint(hashes.SHA256()).hex(),
        expires_at=leaf.not_valid_after_utc,
        chain=chain,
        key=key,
    )
