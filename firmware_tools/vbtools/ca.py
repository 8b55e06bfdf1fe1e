"""``vb-ca``: an institution's own certificate authority, and the certificates of its boxes (ux §3.3).

Make it once per institution, keep its folder off the boxes, and have its ``ca.pem`` installed on the phones. The
authority can only speak for private addresses, local zones and the single-label names it was made for.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509

from vbtools.command import ask_hidden, run, say
from vbtools.new_files import PUBLIC, read_given, write_new
from visitbridge.errors import FieldInvalid
from visitbridge.protocols.certificates import (
    LEAF_LIFE,
    CertificateFacts,
    KeyPair,
    facts_of,
    issue_leaf,
    make_authority,
    permitted_names,
    read_chain,
    readable_fingerprint,
)
from visitbridge.protocols.guessing import require_hard

AUTHORITY_FILE, AUTHORITY_KEY_FILE = "ca.pem", "ca.key"
PASSPHRASE_LENGTH = 12
_LONGEST_YEARS = 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    return run(_parser(), arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vb-ca",
        description="An institution's own certificate authority for its boxes.",
        epilog=(__doc__ or "").partition("\n\n")[2],
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    make = commands.add_parser("make", help="make the authority", allow_abbrev=False)
    make.add_argument("folder", type=Path, help="new folder for ca.pem and ca.key; it stays off the boxes")
    make.add_argument("--institution", required=True, help="what phones show as its name")
    make.add_argument(
        "--name",
        action="append",
        default=[],
        metavar="LABEL",
        help="single-label name that boxes may have; may be given again (default: visitbridge)",
    )
    make.add_argument("--years", type=int, default=10, help="how long it is good for (default: 10)")
    make.add_argument("--passphrase", action="store_true", help="lock the key with a passphrase, asked for")
    make.set_defaults(handler=_make)

    issue = commands.add_parser("issue", help="issue the certificate of one box", allow_abbrev=False)
    issue.add_argument("folder", type=Path, help="the authority's folder")
    issue.add_argument("file", type=Path, help="new file for key, certificate and chain of the box")
    issue.add_argument(
        "host",
        nargs="+",
        help="names and addresses of the box, as [http] hosts has them, the first one first",
    )
    issue.add_argument(
        "--days",
        type=int,
        default=LEAF_LIFE.days,
        help=f"how long it is good for (default: {LEAF_LIFE.days})",
    )
    issue.set_defaults(handler=_issue)

    show = commands.add_parser("show", help="say what a certificate file holds", allow_abbrev=False)
    show.add_argument("file", type=Path)
    show.set_defaults(handler=_show)
    return parser


def _make(arguments: argparse.Namespace) -> None:
    labels = tuple(dict.fromkeys(label.lower() for label in arguments.name)) or ("visitbridge",)
    for label in labels:
        _require_label(label)
    if not 1 <= arguments.years <= _LONGEST_YEARS:
        raise FieldInvalid(f"between 1 and {_LONGEST_YEARS}", field="--years")
    if not arguments.institution.strip():
        raise FieldInvalid("the authority needs a name", field="--institution")
    passphrase = _new_passphrase() if arguments.passphrase else None
    authority = make_authority(
        f"{arguments.institution.strip()} visitbridge CA",
        labels,
        dt.datetime.now(dt.UTC).replace(microsecond=0),
        life=dt.timedelta(days=365 * arguments.years),
        passphrase=passphrase,
    )
    folder: Path = arguments.folder
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The key first: a key without a certificate is useless, the other way round is a certificate that signs nothing.
    write_new(folder / AUTHORITY_KEY_FILE, authority.key)
    write_new(folder / AUTHORITY_FILE, authority.certificate, mode=PUBLIC)
    say("tools.ca.made", certificate=str(folder / AUTHORITY_FILE), key=str(folder / AUTHORITY_KEY_FILE))
    _describe(read_chain(authority.certificate)[0])


def _issue(arguments: argparse.Namespace) -> None:
    folder: Path = arguments.folder
    authority = KeyPair(
        certificate=read_given(folder / AUTHORITY_FILE), key=read_given(folder / AUTHORITY_KEY_FILE)
    )
    passphrase = ask_hidden("tools.ca.passphrase") if b"ENCRYPTED" in authority.key else None
    leaf = issue_leaf(
        authority,
        tuple(dict.fromkeys(arguments.host)),
        dt.datetime.now(dt.UTC).replace(microsecond=0),
        life=dt.timedelta(days=arguments.days),
        passphrase=passphrase,
    )
    write_new(arguments.file, leaf.key + leaf.certificate)
    say("tools.ca.issued", file=str(arguments.file))
    _describe(read_chain(leaf.certificate)[0])


def _show(arguments: argparse.Namespace) -> None:
    for certificate in read_chain(read_given(arguments.file)):
        _describe(certificate)


def _describe(certificate: x509.Certificate) -> None:
    facts: CertificateFacts = facts_of(certificate)
    say("tools.ca.subject", subject=facts.subject, issuer=facts.issuer)
    say("tools.ca.validity", begins=facts.begins_at.date().isoformat(), ends=facts.ends_at.date().isoformat())
    if facts.names:
        say("tools.ca.names", names=", ".join(facts.names))
    permitted = permitted_names(certificate)
    if permitted:
        say("tools.ca.permitted", names=", ".join(permitted))
    say("tools.ca.fingerprint", fingerprint=readable_fingerprint(facts.fingerprint))


def _require_label(label: str) -> None:
    if not label.isascii() or not label.replace("-", "").isalnum() or label.strip("-") != label:
        raise FieldInvalid(f"{label!r} is no single-label name: letters, digits and hyphens", field="--name")


def _new_passphrase() -> bytes:
    passphrase = ask_hidden("tools.ca.new_passphrase")
    if len(passphrase) < PASSPHRASE_LENGTH:
        raise FieldInvalid(f"at least {PASSPHRASE_LENGTH} characters", field="passphrase")
    require_hard(passphrase.decode(errors="replace"), field="passphrase")
    if passphrase != ask_hidden("tools.ca.again"):
        raise FieldInvalid("the two differ", field="passphrase")
    return passphrase


if __name__ == "__main__":
    sys.exit(main())
