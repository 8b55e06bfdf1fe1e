"""Run the portal; back it up; bring it back."""

from __future__ import annotations

import argparse
import asyncio

from visitbridge.errors import ConfigError
from vpnportal.commands.context import Say, open_place
from vpnportal.commands.office import limits_of
from vpnportal.folders import hold_folder, make_folders
from vpnportal.server import ServeOptions, serve


def serve_portal(arguments: argparse.Namespace, say: Say) -> None:
    options = ServeOptions(
        folder=arguments.dir,
        host=arguments.host,
        port=arguments.port,
        names=tuple(arguments.name),
        database_url=arguments.database,
        lab=arguments.lab,
        office_port=arguments.office_port,
        security_contact=arguments.security_contact,
        limits=limits_of(arguments),
    )
    asyncio.run(serve(options, say))


def back_up(arguments: argparse.Namespace, say: Say) -> None:
    with open_place(arguments) as (_, database):
        database.back_up(arguments.file)
    say(f"saved {arguments.file}")


def restore(arguments: argparse.Namespace, say: Say) -> None:
    if arguments.database:
        raise ConfigError("restore it with the database server's own tools, then run: vpnportal new-epoch")
    with hold_folder(make_folders(arguments.dir)), open_place(arguments) as (_, database):
        epoch = database.restore(arguments.file)
    say(f"restored {arguments.file}, epoch {epoch}")


def start_epoch(arguments: argparse.Namespace, say: Say) -> None:
    with open_place(arguments) as (_, database):
        say(f"epoch {database.start_new_epoch()}")
