"""Data sets: import code tables and show what boxes are offered (B13)."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from visitbridge.errors import FieldInvalid
from visitbridge.protocols.datacentre.uploads import DataSetRow
from vpnportal.clock import machine_now
from vpnportal.commands.context import Say, open_place
from vpnportal.dataset_files import (
    COMPLETE_IN_PUBLIC,
    STARTER,
    public_files,
    read_csv,
    starter_names,
    with_starter,
)
from vpnportal.datasets import DataSetShelf


def import_file(arguments: argparse.Namespace, say: Say) -> None:
    rows = read_csv(arguments.file)
    if arguments.with_starter:
        rows = with_starter(arguments.name, rows)
    with open_place(arguments) as (folders, database):
        _put(DataSetShelf(database, folders.datasets), arguments.name, rows, arguments.group, say)


def import_public(arguments: argparse.Namespace, say: Say) -> None:
    files = dict(public_files(arguments.folder))
    if not files:
        raise FieldInvalid("none of the published tables is in this folder", field=str(arguments.folder))
    sets = {name: read_csv(path) for name, path in files.items()}
    with open_place(arguments) as (folders, database):
        shelf = DataSetShelf(database, folders.datasets)
        for name, rows in sets.items():
            whole = rows if name in COMPLETE_IN_PUBLIC else with_starter(name, rows)
            _put(shelf, name, whole, arguments.group, say)


def list_all(arguments: argparse.Namespace, say: Say) -> None:
    with open_place(arguments) as (folders, database):
        for info in database.transact(DataSetShelf(database, folders.datasets).all_current):
            say(f"{info.name}  {info.version}  {info.rows} rows  {info.size_bytes} bytes  group {info.group}")


def put_starter_sets(shelf: DataSetShelf, say: Say) -> None:
    """Offer the sets that ship with the project, where nothing was imported yet."""
    for name in starter_names():
        if not shelf.has(name):
            _put(shelf, name, read_csv(STARTER / f"{name}.csv"), "default", say)


def _put(shelf: DataSetShelf, name: str, rows: Iterable[DataSetRow], group: str, say: Say) -> None:
    info, changed = shelf.put(name, rows, machine_now(), group=group)
    say(f"{info.name}: {info.rows} rows, version {info.version}{'' if changed else ' (unchanged)'}")


def csv_file(text: str) -> Path:
    """An argument that names an existing file. Raises argparse.ArgumentTypeError."""
    path = Path(text)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"there is no file {text}")
    return path
