"""Take in the hand-off file of a box that cannot reach the portal."""

from __future__ import annotations

import argparse
import asyncio

from visitbridge.errors import FieldInvalid
from vpnportal.app import build_upload_desk
from vpnportal.clock import PortalClock
from vpnportal.commands.context import Say, open_place
from vpnportal.handoff import load_handoff_key, take_in
from vpnportal.receipts import ReceiptBook, load_signing_key


def import_file(arguments: argparse.Namespace, say: Say) -> None:
    """Works beside a running portal. Raises FieldInvalid (``file``)."""
    try:
        content = arguments.file.read_bytes()
    except OSError as exc:
        raise FieldInvalid(f"cannot be read: {exc.strerror}", field="file") from exc
    asyncio.run(_import(arguments, content, say))


async def _import(arguments: argparse.Namespace, content: bytes, say: Say) -> None:
    clock = PortalClock()
    taken = refused = 0
    with open_place(arguments) as (folders, database):
        receipts = ReceiptBook(database, load_signing_key(folders.keys), clock)
        desk = build_upload_desk(database, receipts, clock)
        key = load_handoff_key(folders.keys)
        async for item in take_in(content, key, database, desk, at=clock.now()):
            if item.code:
                refused += 1
                say(f"refused  {item.kind}  {item.key}  {item.code}  {item.field}".rstrip())
            else:
                taken += 1
    say(f"{taken} taken, {refused} refused")
