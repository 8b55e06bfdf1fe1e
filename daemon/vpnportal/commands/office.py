"""The list of boxes at the shell, and links for people who look at it in a browser."""

from __future__ import annotations

import argparse
import datetime as dt

import msgspec

from vpnportal.clock import machine_now
from vpnportal.commands.context import Say, open_place
from vpnportal.fleet import FleetBox, Level, Limits, look
from vpnportal.operators import Operator, make_link
from vpnportal.tickets import noted_office


def limits_of(arguments: argparse.Namespace) -> Limits:
    return Limits(no_contact=dt.timedelta(hours=arguments.no_contact_after))


def fleet(arguments: argparse.Namespace, say: Say) -> None:
    """One line for each box, those that need somebody first; with ``--json`` one object for each."""
    now = machine_now()
    with open_place(arguments) as (_, database):
        boxes = database.transact(
            lambda connection: look(
                connection, now, institution=arguments.institution, limits=limits_of(arguments)
            )
        )
    for box in boxes:
        say(msgspec.json.encode(box).decode() if arguments.json else _line(box))


def _line(box: FleetBox) -> str:
    device, report = box.device, box.report
    mark = {Level.ALARM: "!!", Level.WARNING: "! ", Level.NONE: "  "}[box.level]
    contact = "never" if device.last_contact_at is None else f"{device.last_contact_at:%Y-%m-%d %H:%M}Z"
    unsent = "-" if report is None else str(report.health.queue.unsent)
    alarms = "；".join(alarm.words for alarm in box.alarms)
    return f"{mark} {device.institution.code}  {device.name}  contact {contact}  unsent {unsent}  {alarms}".rstrip()


def link(arguments: argparse.Namespace, say: Say) -> None:
    """Raises FieldInvalid (``name``, ``institution``), ConfigError where no office was ever served."""
    operator = Operator(who=arguments.name, institution=arguments.institution)
    with open_place(arguments) as (folders, database):
        address = noted_office(folders.root)
        token = database.transact(lambda connection: make_link(connection, operator, machine_now()))
    say(f"{address}/enter/{token}")
    say("good once, for ten minutes")
