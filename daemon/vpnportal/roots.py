"""The roots that boxes are told to trust: the present one, and the next one some time before it is used (Y11)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import msgspec

from visitbridge.errors import ConfigError, FieldInvalid
from visitbridge.protocols.datacentre.roots import RootsAnnouncement
from vpnportal.ca import SERVER_CA, Authority, load_server_authority, write_private

NEXT_CA = f"next-{SERVER_CA}"
ROOTS_FILE = "roots.json"

Sign = Callable[[bytes], bytes]
"""Ed25519 by the key of the receipts."""


def announced_roots(keys: Path, sign: Sign, now: dt.datetime) -> RootsAnnouncement:
    """The announcement that stands, made anew when the roots in ``keys`` are others than it names."""
    roots = _roots(keys)
    standing = _standing(keys)
    if standing is not None and standing.roots == roots:
        return standing
    unsigned = RootsAnnouncement(roots=roots, issued_at=now)
    fresh = msgspec.structs.replace(unsigned, signature=sign(unsigned.signed_bytes()).hex())
    write_private(keys / ROOTS_FILE, msgspec.json.encode(fresh))
    return fresh


def prepare_next(keys: Path, now: dt.datetime) -> Authority:
    """Make the next root; boxes hear of it with their next request. The one that stands ready, if one does."""
    return load_server_authority(keys, now, name=NEXT_CA)


def change_over(keys: Path, now: dt.datetime) -> Authority:
    """Use the next root from the next start on; the former one is announced no longer.

    Raises FieldInvalid (``--dir``) when none was prepared.
    """
    if not (keys / f"{NEXT_CA}.pem").exists():
        raise FieldInvalid("no next root was prepared", field="--dir")
    # Cut short anywhere in between, the portal refuses to start with a pair that does not fit, and doing it again mends it.
    for suffix in (".key", ".pem"):
        write_private(
            (keys / SERVER_CA).with_suffix(suffix), (keys / NEXT_CA).with_suffix(suffix).read_bytes()
        )
    for suffix in (".pem", ".key"):
        (keys / NEXT_CA).with_suffix(suffix).unlink()
    return load_server_authority(keys, now)


def _roots(keys: Path) -> tuple[str, ...]:
    files = [keys / f"{name}.pem" for name in (SERVER_CA, NEXT_CA)]
    return tuple(file.read_text("ascii") for file in files if file.exists())


def _standing(keys: Path) -> RootsAnnouncement | None:
    try:
        return msgspec.json.decode((keys / ROOTS_FILE).read_bytes(), type=RootsAnnouncement)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as exc:
        raise ConfigError(f"{ROOTS_FILE} cannot be read") from exc
