"""What a support bundle holds: only what is named here, so that nothing about people can slip in.

Every field is a number, a moment, or a word of a closed vocabulary (codes, states, kinds). There is no field for a name, an
id, a text that somebody typed, an address or a file.
"""

from __future__ import annotations

import datetime as dt
import gzip
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from visitbridge.errors import FieldInvalid
from visitbridge.protocols.sealing import Envelope

ENVELOPE: Final = Envelope(magic=b"VBSUPP1\n", purpose=b"visitbridge support 1")


class LogLine(msgspec.Struct, frozen=True, kw_only=True):
    """A record of our own loggers. ``text``: the message as it stands in the source, its values left out. ``codes``: error codes
    among the values. ``fields``: those of an allow-list.
    """

    at: dt.datetime
    level: str
    logger: str
    text: str
    codes: tuple[str, ...] = ()
    fields: dict[str, str | int] = {}


class JobCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many items of a kind are in a state, by the code of their last error."""

    kind: str
    state: str
    error_code: str
    count: int


class CheckLine(msgspec.Struct, frozen=True, kw_only=True):
    """An item of the environment check."""

    item: str
    state: str
    code: str


class ReaderLine(msgspec.Struct, frozen=True, kw_only=True):
    transport: str
    state: str
    card: str
    error_code: str


class LinkLine(msgspec.Struct, frozen=True, kw_only=True):
    at: dt.datetime
    link: str
    depth: int


class BoxFacts(msgspec.Struct, frozen=True, kw_only=True):
    """``sheet_id``: the box's own id, by which the institution knows which one it is."""

    sheet_id: str
    version: str
    python: str
    system: str
    machine: str
    bound: bool
    enabled: bool
    starts_locked: bool


class StateFacts(msgspec.Struct, frozen=True, kw_only=True):
    link: str
    hop: str
    time_trust: str
    queue_depth: int
    attention: int
    oldest_at: dt.datetime | None
    rescued_at: dt.datetime | None
    audit_rows: int


class SupportBundle(msgspec.Struct, frozen=True, kw_only=True):
    """``settings``: configuration keys that are numbers or switches."""

    made_at: dt.datetime
    box: BoxFacts
    state: StateFacts
    settings: dict[str, bool | int | float]
    checks: tuple[CheckLine, ...]
    readers: tuple[ReaderLine, ...]
    jobs: tuple[JobCount, ...]
    links: tuple[LinkLine, ...]
    logs: tuple[LogLine, ...]


def seal_bundle(bundle: SupportBundle, recipient: X25519PublicKey) -> bytes:
    """Compressed JSON in an envelope that the institution's key opens."""
    return ENVELOPE.seal(gzip.compress(msgspec.json.encode(bundle), mtime=0), recipient)


def open_bundle(file: bytes, key: X25519PrivateKey) -> SupportBundle:
    """Inverse of :func:`seal_bundle`. Raises FieldInvalid (``file``)."""
    plain = ENVELOPE.unseal(file, key)
    try:
        return msgspec.json.decode(gzip.decompress(plain), type=SupportBundle)
    except (OSError, EOFError, msgspec.DecodeError) as exc:
        raise FieldInvalid("not what a support bundle holds", field="file") from exc
