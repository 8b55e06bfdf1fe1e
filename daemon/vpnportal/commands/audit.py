"""What the institution is told of its boxes' audit trails (Y08)."""

from __future__ import annotations

import argparse

import msgspec

from vpnportal.audit_heads import list_alerts, mark_seen
from vpnportal.audit_rows import purge_rows, read_rows
from vpnportal.clock import machine_now, taipei_day
from vpnportal.commands.boxes import named_device
from vpnportal.commands.context import Say, open_place


def alerts(arguments: argparse.Namespace, say: Say) -> None:
    with open_place(arguments) as (_, database):
        found = database.transact(lambda connection: list_alerts(connection, with_seen=arguments.all))
    for alert in found:
        seen = "" if alert.seen_at is None else f"  seen {alert.seen_at:%Y-%m-%d %H:%M}Z"
        say(
            f"{alert.alert_id}  {alert.raised_at:%Y-%m-%d %H:%M}Z  {alert.device_name}  {alert.kind}"
            f"  row {alert.number} after row {alert.known_number}{seen}"
        )
    if not found:
        say("no open alerts")


def show(arguments: argparse.Namespace, say: Say) -> None:
    """Raises FieldInvalid (``name``)."""
    with open_place(arguments) as (_, database):
        device = database.transact(named_device(arguments))
        rows = database.transact(lambda connection: [*read_rows(connection, device.device_id)])
    for row in rows:
        say(msgspec.json.encode(row).decode())


def purge(arguments: argparse.Namespace, say: Say) -> None:
    """Raises FieldInvalid (``before``) for days that the law keeps."""
    today = taipei_day(machine_now())
    with open_place(arguments) as (_, database):
        gone = database.transact(lambda connection: purge_rows(connection, arguments.before, today))
    say(f"{gone} rows before {arguments.before} deleted")


def seen(arguments: argparse.Namespace, say: Say) -> None:
    """Raises FieldInvalid (``alert``)."""
    with open_place(arguments) as (_, database):
        database.transact(lambda connection: mark_seen(connection, arguments.alert, machine_now()))
    say(f"{arguments.alert} is taken care of")
