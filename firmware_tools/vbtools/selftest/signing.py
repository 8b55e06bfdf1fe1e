"""Signatures of reports: Ed25519 (RFC 8032) by a key that the box makes for itself and never gives away.

A JSON report is an envelope that holds the report's own text. A PDF is followed by one comment line (ISO 32000-2 §7.2.4), which
viewers pass over; what is signed is every byte before that line. Both kinds are kept apart by the text that goes first.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from pathlib import Path
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from vbtools.new_files import read_given, write_new
from visitbridge.errors import FieldInvalid

BOX_KEY: Final = Path("/etc/visitbridge/selftest.key")
"""On a box. Made at the first use, by root, and read by nobody else."""

_JSON_PURPOSE: Final = b"visitbridge selftest 1 json\n"
_PDF_PURPOSE: Final = b"visitbridge selftest 1 pdf\n"
_PDF_LINE: Final = b"\n%visitbridge-selftest-signature "


class Envelope(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``report``: a JSON text, signed as it stands. ``public_key``, ``signature``: raw bytes in base64."""

    report: str
    public_key: bytes
    signature: bytes


def open_key(file: Path) -> Ed25519PrivateKey:
    """The key in ``file`` (PKCS #8, PEM), made at the first use. Raises FieldInvalid (``key``, ``file``)."""
    if not file.exists():
        made = Ed25519PrivateKey.generate()
        file.parent.mkdir(parents=True, exist_ok=True)
        write_new(
            file,
            made.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ),
        )
    try:
        key = serialization.load_pem_private_key(read_given(file), password=None)
    except (ValueError, TypeError) as exc:
        raise FieldInvalid(f"{file} holds no key", field="key") from exc
    if not isinstance(key, Ed25519PrivateKey):
        raise FieldInvalid(f"{file} holds a key of another kind", field="key")
    return key


def fingerprint_of(public_key: bytes) -> str:
    """SHA-256 of the raw key, lower-case hex: what is written down when a box is made."""
    return hashlib.sha256(public_key).hexdigest()


def sign_json(report: bytes, key: Ed25519PrivateKey) -> bytes:
    envelope = Envelope(
        report=report.decode("utf-8"),
        public_key=key.public_key().public_bytes_raw(),
        signature=key.sign(_JSON_PURPOSE + report),
    )
    return msgspec.json.format(msgspec.json.encode(envelope)) + b"\n"


def sign_pdf(pdf: bytes, key: Ed25519PrivateKey) -> bytes:
    signed = key.public_key().public_bytes_raw() + key.sign(_PDF_PURPOSE + pdf)
    return pdf + _PDF_LINE + base64.b64encode(signed) + b"\n"


def verify(file: bytes, fingerprint: str) -> bytes:
    """The report (JSON text, or the PDF without its line) if the key of that fingerprint signed it and nothing was changed.

    Raises FieldInvalid: ``file`` for what is no report or was changed, ``fingerprint`` for another key's.
    """
    content, purpose, public_key, signature = (
        _pdf_parts(file) if file.startswith(b"%PDF-") else _json_parts(file)
    )
    if fingerprint_of(public_key) != "".join(fingerprint.split()).lower():
        raise FieldInvalid(f"signed by another key: {fingerprint_of(public_key)}", field="fingerprint")
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, purpose + content)
    except (InvalidSignature, ValueError) as exc:
        raise FieldInvalid("the report was changed after it was signed", field="file") from exc
    return content


def _json_parts(file: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    try:
        envelope = msgspec.json.decode(file, type=Envelope)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise FieldInvalid("not a report of a self-test", field="file") from exc
    return envelope.report.encode(), _JSON_PURPOSE, envelope.public_key, envelope.signature


def _pdf_parts(file: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    content, mark, line = file.rpartition(_PDF_LINE)
    try:
        signed = base64.b64decode(line.removesuffix(b"\n"), validate=True) if mark else b""
    except binascii.Error:
        signed = b""
    if len(signed) != 32 + 64:
        raise FieldInvalid("a PDF without a signature of a self-test", field="file")
    return content, _PDF_PURPOSE, signed[:32], signed[32:]
