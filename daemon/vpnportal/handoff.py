"""Hand-off files of boxes: the key they are sealed to, and taking their uploads in (beyond #17)."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from visitbridge.errors import ConfigError, FieldInvalid
from visitbridge.protocols.datacentre.common import digest_of
from visitbridge.protocols.datacentre.handoff import HandoffItem, Refused, Unsealed, is_signed, unseal
from vpnportal.ca import write_private
from vpnportal.callers import Caller
from vpnportal.database import Database
from vpnportal.devices import find_device_by_sheet, valid_keys
from vpnportal.handoff_refusals import note_refusal
from vpnportal.problems import Refusal
from vpnportal.uploads import UploadDesk


class Taken(msgspec.Struct, frozen=True):
    """What became of one item: its kind and key, and the code and field it was refused for, if it was."""

    kind: str
    key: str
    code: str = ""
    field: str = ""


def load_handoff_key(folder: Path) -> X25519PrivateKey:
    """The key that hand-off files are sealed to, made at first start. Raises ConfigError when the file is damaged."""
    path = folder / "handoff.key"
    if not path.exists():
        write_private(
            path,
            X25519PrivateKey.generate().private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ),
        )
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except ValueError as exc:
        raise ConfigError("handoff.key cannot be read") from exc
    if not isinstance(key, X25519PrivateKey):
        raise ConfigError("handoff.key is not an X25519 key")
    return key


async def take_in(
    file: bytes, key: X25519PrivateKey, database: Database, desk: UploadDesk, *, at: dt.datetime
) -> AsyncIterator[Taken]:
    """Judge and store every item like an upload of the box that made the file; one refused stops no other.

    The same file again changes nothing: keys and bodies are the same. What is refused for good is noted, so that its
    box learns of it when it asks. Raises FieldInvalid (``file``) before the
    first item for a file that is not for this portal, from a box it does not know, or that this box did not sign.
    """
    unsealed = unseal(file, key)
    caller = await _caller(unsealed, database, at)
    for item in unsealed.handoff.items:
        try:
            await desk.accept(item.kind, caller, item.key, item.body, before_effect=_nothing)
        except Refusal as refusal:
            await _note(refusal, item, caller, database, at)
            yield _taken(item, refusal)
        else:
            yield Taken(item.kind, item.key)


async def _note(
    refusal: Refusal, item: HandoffItem, caller: Caller, database: Database, at: dt.datetime
) -> None:
    if refusal.problem.retry != "never":
        return
    refused = Refused(key=item.key, digest=digest_of(item.body), problem=refusal.problem)
    await database.run(lambda connection: note_refusal(connection, caller.institution, refused, at))


def _taken(item: HandoffItem, refusal: Refusal) -> Taken:
    checks = refusal.problem.checks or ()
    if checks:
        return Taken(item.kind, item.key, checks[0].code, checks[0].field)
    return Taken(item.kind, item.key, refusal.problem.code)


async def _caller(unsealed: Unsealed, database: Database, at: dt.datetime) -> Caller:
    handoff = unsealed.handoff
    device = await database.run(
        lambda connection: find_device_by_sheet(connection, handoff.institution, handoff.sheet_id)
    )
    if device is None:
        raise FieldInvalid("from a box that is not bound here", field="file")
    device_id = device.device_id
    keys = await database.run(lambda connection: valid_keys(connection, device_id, at))
    if not is_signed(unsealed, keys):
        raise FieldInvalid("not signed by the box that it names", field="file")
    return Caller(device=device, serial="")


async def _nothing() -> None:
    return None
