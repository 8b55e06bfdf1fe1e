"""Record the lab's invented people and the starter data sets."""

from __future__ import annotations

import argparse

import msgspec

from vpnportal.clock import machine_now
from vpnportal.commands.boxes import ShownTicket, show_ticket
from vpnportal.commands.context import Say, open_place
from vpnportal.commands.tables import put_starter_sets
from vpnportal.datasets import DataSetShelf
from vpnportal.lab_data import put_other_group, seed_lab


def seed(arguments: argparse.Namespace, say: Say) -> None:
    with open_place(arguments) as (folders, database):
        quiet = arguments.json
        shelf = DataSetShelf(database, folders.datasets)
        put_starter_sets(shelf, (lambda _: None) if quiet else say)
        put_other_group(shelf, machine_now())
        device = database.transact(lambda connection: seed_lab(connection, machine_now()))
        if device.bound_at is None:
            show_ticket(arguments, folders, database, device, say)
        elif quiet:
            say(msgspec.json.encode(ShownTicket(device=device.name, bound=True)).decode())
        else:
            say(f"{device.name} is bound already")
