"""``vb-backup``: take a box's settings along in a sealed file, and put them onto another box.

What a box is stays with it: its name and keys, its certificate, its phones, its patients' data, PINs and passwords. A box
that takes another's place is provisioned as a new one first (vb-provision), and then gets the settings.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from vbtools.backup.sealed import (
    is_sealed_by_phrase,
    open_by_phrase,
    open_with_key,
    seal_by_phrase,
    seal_to_key,
)
from vbtools.backup.settings import RESTORED, Backup, as_toml, check, collect, decode, encode
from vbtools.command import ask_hidden, run, say
from vbtools.new_files import PUBLIC, read_given, write_new
from vbtools.selftest.signing import BOX_KEY, fingerprint_of, open_key
from visitbridge.config import DEFAULT_FILE
from visitbridge.errors import FieldInvalid
from visitbridge.protocols.guessing import require_hard

PHRASE_LENGTH = 12


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    return run(_parser(), arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vb-backup",
        description="A box's settings in a sealed file, and back.",
        epilog=(__doc__ or "").partition("\n\n")[2],
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    make = commands.add_parser("make", help="seal this box's settings into a new file", allow_abbrev=False)
    make.add_argument("file", type=Path)
    _add_configuration(make)
    make.add_argument(
        "--to",
        metavar="HEX",
        help="the institution's public key, as `vb-backup key` prints it; else a pass-phrase is asked for",
    )
    make.add_argument("--sign-with", type=Path, default=BOX_KEY, help=f"with --to: the box's key ({BOX_KEY})")
    make.set_defaults(handler=_make)

    key = commands.add_parser("key", help="make the institution's key pair, once", allow_abbrev=False)
    key.add_argument("file", type=Path, help="new file for the private key; it stays off the boxes")
    key.set_defaults(handler=_key)

    for name, act, description in (
        ("show", _show, "say what is in a file, changing nothing"),
        ("restore", _restore, "put the settings of a file onto this box"),
    ):
        command = commands.add_parser(name, help=description, allow_abbrev=False)
        command.add_argument("file", type=Path)
        command.add_argument(
            "--key", type=Path, help="the institution's private key, for a file sealed to it"
        )
        command.add_argument("--fingerprint", default="", help="with --key: of the box that made the file")
        _add_configuration(command)
        command.set_defaults(handler=act)
    return parser


def _add_configuration(command: argparse.ArgumentParser) -> None:
    command.add_argument("--configuration", type=Path, default=DEFAULT_FILE, help=f"({DEFAULT_FILE})")


def _make(arguments: argparse.Namespace) -> None:
    backup = collect(arguments.configuration, dt.datetime.now(dt.UTC).replace(microsecond=0))
    content = encode(backup)
    if arguments.to is None:
        sealed = seal_by_phrase(content, _new_phrase())
    else:
        box = open_key(arguments.sign_with)
        sealed = seal_to_key(content, _public_key(arguments.to), box)
        say("tools.backup.signed", fingerprint=fingerprint_of(box.public_key().public_bytes_raw()))
    write_new(arguments.file, sealed)
    say("tools.backup.made", file=str(arguments.file), count=_count(backup))


def _key(arguments: argparse.Namespace) -> None:
    made = X25519PrivateKey.generate()
    private = made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_new(arguments.file, private)
    print(made.public_key().public_bytes_raw().hex())


def _show(arguments: argparse.Namespace) -> None:
    print(as_toml(_open(arguments)), end="")


def _restore(arguments: argparse.Namespace) -> None:
    backup = _open(arguments)
    configuration: Path = arguments.configuration
    with tempfile.TemporaryDirectory(prefix="vb-backup-") as scratch:
        check(backup, configuration, Path(scratch))
    file = configuration.parent / RESTORED
    # Where the gateway may read it: nothing in it is secret, and nothing but root writes there.
    write_new(file, as_toml(backup).encode(), mode=PUBLIC)
    say("tools.backup.restored", file=str(file), count=_count(backup), box=backup.box)


def _open(arguments: argparse.Namespace) -> Backup:
    file = read_given(arguments.file)
    if is_sealed_by_phrase(file):
        return decode(open_by_phrase(file, ask_hidden("tools.backup.phrase")))
    if arguments.key is None or not arguments.fingerprint:
        raise FieldInvalid("this file needs --key and --fingerprint", field="key")
    return decode(open_with_key(file, _private_key(arguments.key), arguments.fingerprint))


def _count(backup: Backup) -> int:
    return sum(map(len, backup.settings.values()))


def _new_phrase() -> bytes:
    phrase = ask_hidden("tools.backup.new_phrase")
    if len(phrase.decode("utf-8", "replace")) < PHRASE_LENGTH:
        raise FieldInvalid(f"at least {PHRASE_LENGTH} characters", field="phrase")
    require_hard(phrase.decode("utf-8", "replace"), field="phrase")
    if phrase != ask_hidden("tools.backup.again"):
        raise FieldInvalid("the two differ", field="phrase")
    return phrase


def _public_key(text: str) -> X25519PublicKey:
    try:
        return X25519PublicKey.from_public_bytes(bytes.fromhex(text))
    except ValueError as exc:
        raise FieldInvalid("a public key is 64 hexadecimal digits", field="to") from exc


def _private_key(file: Path) -> X25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(read_given(file), password=None)
    except (ValueError, TypeError) as exc:
        raise FieldInvalid(f"{file} holds no key", field="key") from exc
    if not isinstance(key, X25519PrivateKey):
        raise FieldInvalid(f"{file} holds a key of another kind", field="key")
    return key


if __name__ == "__main__":
    sys.exit(main())
