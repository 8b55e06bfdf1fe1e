"""What each command does. Output goes through ``say``, one line at a time."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from vpnportal import devices
from vpnportal.bind import issue_ticket
from vpnportal.ca import load_server_authority
from vpnportal.clock import machine_now
from vpnportal.database import Database, open_database
from vpnportal.devices import Device
from vpnportal.lab_data import seed_lab
from vpnportal.server import ServeOptions, database_url, make_folder, serve
from vpnportal.tickets import Handout, hand_out, noted_address, write_png

Say = Callable[[str], None]


def serve_portal(arguments: argparse.Namespace, say: Say) -> None:
    options = ServeOptions(
        folder=arguments.dir,
        host=arguments.host,
        port=arguments.port,
        names=tuple(arguments.name),
        database_url=arguments.database,
        lab=arguments.lab,
    )
    asyncio.run(serve(options, say))


def seed(arguments: argparse.Namespace, say: Say) -> None:
    with _opened(arguments) as database:
        device = database.transact(lambda connection: seed_lab(connection, machine_now()))
        if device.bound_at is None:
            _show_ticket(arguments, database, device, say)
        elif arguments.json:
            say(msgspec.json.encode({"device": device.name, "bound": True}).decode())
        else:
            say(f"{device.name} is bound already")


def add_box(arguments: argparse.Namespace, say: Say) -> None:
    with _opened(arguments) as database:
        device = database.transact(
            lambda connection: devices.add_device(
                connection,
                institution=arguments.institution,
                name=arguments.name,
                now=machine_now(),
                group=arguments.group,
            )
        )
        _show_ticket(arguments, database, device, say)


def list_boxes(arguments: argparse.Namespace, say: Say) -> None:
    with _opened(arguments) as database:
        for device in database.transact(devices.list_devices):
            state = "enabled" if device.enabled else "disabled"
            bound = "not bound" if device.bound_at is None else f"bound {device.bound_at:%Y-%m-%d}"
            say(f"{device.institution.code}  {device.name}  {state}  {bound}  SAM {device.sam.sam_id}")


def _show_ticket(arguments: argparse.Namespace, database: Database, device: Device, say: Say) -> None:
    handout = _handout(arguments.dir, arguments.url, database, device)
    if arguments.png is not None:
        write_png(handout.ticket, arguments.png)
    if arguments.json:
        say(
            msgspec.json.encode(
                {"device": device.name, "bound": False, **msgspec.to_builtins(handout)}
            ).decode()
        )
    else:
        say(f"QR-2  {handout.ticket}")
        say(f"PIN   {handout.pin}")


def _handout(folder: Path, url: str, database: Database, device: Device) -> Handout:
    address = url or noted_address(folder)
    authority = load_server_authority(make_folder(folder / "keys"), machine_now())
    ticket = database.transact(lambda connection: issue_ticket(connection, device.device_id, machine_now()))
    return hand_out(ticket, address, authority.pem)


@contextlib.contextmanager
def _opened(arguments: argparse.Namespace) -> Iterator[Database]:
    make_folder(arguments.dir)
    with open_database(database_url(arguments.dir, arguments.database)) as database:
        yield database
