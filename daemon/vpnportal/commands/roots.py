"""The root of the portal's own TLS, as boxes trust it: announce the next one, then use it (Y11)."""

from __future__ import annotations

import argparse
import hashlib
import ssl

from vpnportal.ca import SERVER_CA
from vpnportal.clock import machine_now
from vpnportal.commands.context import Say
from vpnportal.folders import Folders, hold_folder, make_folders
from vpnportal.roots import NEXT_CA, change_over, prepare_next


def prepare(arguments: argparse.Namespace, say: Say) -> None:
    folders = make_folders(arguments.dir)
    prepare_next(folders.keys, machine_now())
    _tell(folders, NEXT_CA, "announced from now on", say)


def change(arguments: argparse.Namespace, say: Say) -> None:
    folders = make_folders(arguments.dir)
    with hold_folder(folders):
        change_over(folders.keys, machine_now())
    _tell(folders, SERVER_CA, "used from the next start on", say)


def show(arguments: argparse.Namespace, say: Say) -> None:
    folders = make_folders(arguments.dir)
    for name, use in ((SERVER_CA, "in use"), (NEXT_CA, "announced")):
        if (folders.keys / f"{name}.pem").exists():
            _tell(folders, name, use, say)


def _tell(folders: Folders, name: str, use: str, say: Say) -> None:
    file = folders.keys / f"{name}.pem"
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(file.read_text("ascii"))).hexdigest()
    say(f"{use}: {file} SHA-256 {digest}")
