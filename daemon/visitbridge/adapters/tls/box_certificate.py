"""The server's TLS context: a dropped-in certificate, or the box's own, made and renewed as needed."""

from __future__ import annotations

import datetime as dt
import logging
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from visitbridge.adapters.private_files import make_private_folder, write_private
from visitbridge.adapters.tls.suites import narrow
from visitbridge.errors import CertificateError, CertificateUnreadable, ConfigError
from visitbridge.protocols.certificates import (
    CertificateFacts,
    KeyPair,
    covers,
    is_fresh,
    issue_leaf,
    judge_server_chain,
    make_authority,
    permits,
)

log = logging.getLogger(__name__)

INSTITUTION_FILE = "institution.pem"
"""In the box's TLS folder: key, leaf and chain in one file, so that it is replaced in one step."""

_CLEANSE_PLAINTEXT = 1 << 1
"""SSL_OP_CLEANSE_PLAINTEXT of OpenSSL 3: what was decrypted is wiped from its buffer once it was read. Python's
ssl has no name for it. PINs pass through that buffer.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxTls:
    """``ca_file``: what a phone may install; None with a dropped-in certificate. ``fingerprint``: SHA-256 of the
    leaf in hex, for comparing by eye at pairing. ``chain`` and ``key``: the files it was read from. ``refused``:
    why a dropped-in certificate is not the one in use.
    """

    context: ssl.SSLContext
    ca_file: Path | None
    fingerprint: str
    expires_at: dt.datetime
    chain: Path
    key: Path
    refused: CertificateError | None = None


def open_box_tls(
    folder: Path,
    hosts: Sequence[str],
    now: dt.datetime,
    *,
    name: str,
    dropped_in: tuple[Path, Path] | None = None,
) -> BoxTls:
    """The certificate to present: ``dropped_in`` (chain, key), else the institution's in ``folder``, else the box's own.

    A dropped-in one that cannot be used (:func:`judge_file`) is left aside and named in ``refused``, so that phones
    still reach the box. The box's own leaf is issued anew when the hosts changed or its end is near, its authority
    only when it may not speak for the hosts or ends itself, because phones would have to trust it again. Raises ConfigError
    when the files of the box's own certificate cannot be read or written.
    """
    refused: CertificateError | None = None
    own_file = folder / INSTITUTION_FILE
    candidates = [dropped_in] if dropped_in is not None else []
    if own_file.exists():
        candidates.append((own_file, own_file))
    for chain, key in candidates:
        try:
            facts = judge_file(chain, key, hosts, now)
        except CertificateError as exc:
            refused = refused or exc
            log.warning("a dropped-in certificate is left aside: %s", exc)
        else:
            return _open(chain, key, facts, ca_file=None, refused=refused)
    chain, key = _own_files(folder, hosts, now, name)
    facts = _judge_own(chain, key, hosts, now)
    return _open(chain, key, facts, ca_file=folder / "ca.pem", refused=refused)


def judge_file(chain: Path, key: Path, hosts: Sequence[str], now: dt.datetime) -> CertificateFacts:
    """The leaf in ``chain``, once it is known to serve phones that use the first of ``hosts``, as pairing links do.

    The other hosts may be missing: a public certificate names no private address. Raises CertificateUnreadable,
    KeyMismatch, OutsideValidity, ChainBroken, NameMissing.
    """
    try:
        texts = chain.read_bytes(), key.read_bytes()
    except OSError as exc:
        raise CertificateUnreadable(f"cannot read it ({exc.strerror})", field="certificate") from exc
    return judge_server_chain(*texts, hosts[:1], now)


def install_institution_certificate(
    folder: Path, pem: bytes, hosts: Sequence[str], now: dt.datetime
) -> CertificateFacts:
    """Put key, leaf and chain (one PEM text) in ``folder``; what was there stays unless they can be used.

    Raises CertificateUnreadable, KeyMismatch, OutsideValidity, ChainBroken, NameMissing.
    """
    facts = judge_server_chain(pem, pem, hosts, now)
    make_private_folder(folder)
    write_private(folder / INSTITUTION_FILE, pem)
    return facts


def _own_files(folder: Path, hosts: Sequence[str], now: dt.datetime, name: str) -> tuple[Path, Path]:
    make_private_folder(folder)
    try:
        authority = _authority(folder, hosts, now, name)
        leaf = _read_pair(folder / "box")
        if leaf is None or not covers(leaf.certificate, hosts, now) or not _issued_by(leaf, authority):
            _write_pair(folder / "box", issue_leaf(authority, hosts, now))
    except (OSError, ValueError, CertificateError) as exc:
        raise ConfigError(f"the box's own certificate in {folder} cannot be read or written") from exc
    return folder / "box.pem", folder / "box.key"


def _judge_own(chain: Path, key: Path, hosts: Sequence[str], now: dt.datetime) -> CertificateFacts:
    try:
        return judge_file(chain, key, hosts, now)
    except CertificateError as exc:
        raise ConfigError(f"{chain} and {key} are no certificate and its key") from exc


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


def _open(
    chain: Path, key: Path, facts: CertificateFacts, *, ca_file: Path | None, refused: CertificateError | None
) -> BoxTls:
    context = narrow(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    context.set_alpn_protocols(["http/1.1"])
    context.options |= _CLEANSE_PLAINTEXT
    try:
        context.load_cert_chain(chain, key)
    except (OSError, ssl.SSLError) as exc:
        raise ConfigError(f"{chain} and {key} are no certificate and its key") from exc
    return BoxTls(
        context=context,
        ca_file=ca_file,
        fingerprint=facts.fingerprint,
        expires_at=facts.ends_at,
        chain=chain,
        key=key,
        refused=refused,
    )
