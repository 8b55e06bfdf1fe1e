"""What visit teams are to read: publish, show, withdraw (T04)."""

from __future__ import annotations

import argparse

from visitbridge.errors import FieldInvalid
from vpnportal.announcements import publish as publish_one
from vpnportal.announcements import standing
from vpnportal.announcements import withdraw as withdraw_one
from vpnportal.clock import machine_now
from vpnportal.commands.context import Say, open_place


def publish(arguments: argparse.Namespace, say: Say) -> None:
    with open_place(arguments) as (_, database):
        made = database.transact(
            lambda connection: publish_one(
                connection,
                title=arguments.title,
                body=arguments.text,
                urgent=arguments.urgent,
                now=machine_now(),
                expires_at=arguments.until,
                institution=arguments.institution or "",
            )
        )
    say(f"{made.announcement_id} is published; boxes read it with their next contact")


def list_all(arguments: argparse.Namespace, say: Say) -> None:
    with open_place(arguments) as (_, database):
        found = database.transact(
            lambda connection: standing(connection, arguments.institution or "", machine_now())
        )
    for one in found.announcements:
        until = f"until {one.expires_at:%Y-%m-%d %H:%M} UTC" if one.expires_at else "until withdrawn"
        say(f"{one.announcement_id}  {'URGENT  ' if one.urgent else ''}{one.title}  {until}")


def withdraw(arguments: argparse.Namespace, say: Say) -> None:
    with open_place(arguments) as (_, database):
        if not database.transact(
            lambda connection: withdraw_one(connection, arguments.announcement, machine_now())
        ):
            raise FieldInvalid("no such announcement stands", field="announcement")
    say(f"{arguments.announcement} is withdrawn")
