"""What commands have in common."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable, Iterator

from vpnportal.database import Database, open_database
from vpnportal.folders import Folders, make_folders

Say = Callable[[str], None]


@contextlib.contextmanager
def open_place(arguments: argparse.Namespace) -> Iterator[tuple[Folders, Database]]:
    """The folders of ``--dir`` and the database of ``--database``."""
    folders = make_folders(arguments.dir)
    with open_database(arguments.database or folders.database_url) as database:
        yield folders, database
