"""Open the support bundle of a box."""

from __future__ import annotations

import argparse

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from visitbridge.errors import FieldInvalid
from visitbridge.protocols.support import open_bundle
from vpnportal.commands.context import Say, open_place
from vpnportal.handoff import load_handoff_key


def show(arguments: argparse.Namespace, say: Say) -> None:
    """As JSON, with the key of hand-off files or another. Raises FieldInvalid (``file``, ``key``)."""
    try:
        content = arguments.file.read_bytes()
    except OSError as exc:
        raise FieldInvalid(f"cannot be read: {exc.strerror}", field="file") from exc
    with open_place(arguments) as (folders, _):
        key = load_handoff_key(folders.keys) if arguments.key is None else _own_key(arguments)
    bundle = open_bundle(content, key)
    say(msgspec.json.format(msgspec.json.encode(bundle)).decode())


def _own_key(arguments: argparse.Namespace) -> X25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(arguments.key.read_bytes(), password=None)
    except (OSError, ValueError) as exc:
        raise FieldInvalid("cannot be read as a private key", field="key") from exc
    if not isinstance(key, X25519PrivateKey):
        raise FieldInvalid("not an X25519 key", field="key")
    return key
