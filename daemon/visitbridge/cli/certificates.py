"""``visitbridge certificate show | install`` and ``visitbridge trust list | add | remove``: orders to the running box."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from visitbridge.api.resources.roots import Roots
from visitbridge.cli.options import add_config
from visitbridge.cli.orders import send_order
from visitbridge.cli.words import say, say_error
from visitbridge.errors import ConfigError
from visitbridge.protocols.certificates import CertificateFacts, readable_fingerprint
from visitbridge.services.portal_trust import RootView
from visitbridge.services.topics import CertificateTopic


def add_arguments(commands: argparse._SubParsersAction[Any]) -> None:
    """Add both groups to the command line's subcommands."""
    certificate = commands.add_parser("certificate", help="the certificate that phones are shown")
    actions = certificate.add_subparsers(required=True, metavar="ACTION")
    show = actions.add_parser("show", help="say which one is in use, and why another one is not")
    add_config(show)
    show.set_defaults(handler=_show)
    install = actions.add_parser("install", help="use the one that vb-ca issued, at once")
    add_config(install)
    install.add_argument("file", type=Path, help="key, certificate and chain in one PEM file")
    install.set_defaults(handler=_install)

    trust = commands.add_parser("trust", help="the roots by which the box knows the data centre")
    actions = trust.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="show all roots")
    add_config(listing)
    listing.set_defaults(handler=_list)
    add = actions.add_parser("add", help="trust one more root")
    add_config(add)
    add.add_argument("file", type=Path, help="one PEM certificate")
    add.set_defaults(handler=_add)
    remove = actions.add_parser("remove", help="trust a root no longer")
    add_config(remove)
    remove.add_argument("fingerprint", help="SHA-256 in hex, as trust list shows it")
    remove.set_defaults(handler=_remove)


def _show(arguments: argparse.Namespace) -> int:
    def tell(topic: CertificateTopic) -> None:
        print(say("certificate.own" if topic.own else "certificate.dropped_in"))
        print(say("certificate.ends").format(date=topic.ends_at.date().isoformat()))
        print(say("cli.fingerprint").format(fingerprint=readable_fingerprint(topic.fingerprint)))
        if topic.refused:
            print(say_error(topic.refused, {}))

    return send_order(arguments, "certificate show", "", CertificateTopic, tell)


def _install(arguments: argparse.Namespace) -> int:
    def tell(facts: CertificateFacts) -> None:
        print(say("certificate.installed").format(date=facts.ends_at.date().isoformat()))
        print(say("cli.fingerprint").format(fingerprint=readable_fingerprint(facts.fingerprint)))

    return send_order(arguments, "certificate install", _read(arguments.file), CertificateFacts, tell)


def _list(arguments: argparse.Namespace) -> int:
    return send_order(arguments, "trust list", "", Roots, _tell_all)


def _add(arguments: argparse.Namespace) -> int:
    return send_order(arguments, "trust add", _read(arguments.file), RootView, _tell)


def _remove(arguments: argparse.Namespace) -> int:
    fingerprint = "".join(arguments.fingerprint.replace(":", "").split()).lower()
    return send_order(arguments, "trust remove", fingerprint, Roots, _tell_all)


def _tell_all(roots: Roots) -> None:
    for root in roots.roots:
        _tell(root)


def _tell(root: RootView) -> None:
    print(say(f"certificate.source.{root.source}"), root.subject)
    print("  " + say("certificate.ends").format(date=root.ends_at.date().isoformat()))
    print("  " + say("cli.fingerprint").format(fingerprint=readable_fingerprint(root.fingerprint)))


def _read(file: Path) -> str:
    try:
        return file.read_text("ascii")
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"{file} cannot be read as PEM") from exc
