"""Boxes of an institution, as its web pages would show them (rows A12, B05-B11)."""

from __future__ import annotations

import argparse
from collections.abc import Callable

import msgspec
from sqlalchemy import Connection

from visitbridge.errors import FieldInvalid
from vpnportal import devices
from vpnportal.audit_heads import count_alerts
from vpnportal.bind import issue_ticket
from vpnportal.ca import load_server_authority
from vpnportal.clock import machine_now
from vpnportal.commands.context import Say, open_place
from vpnportal.database import Database
from vpnportal.devices import Device
from vpnportal.erase_orders import (
    EraseCase,
    cancel_erasure,
    confirm_erasure,
    last_case,
    order_erasure,
)
from vpnportal.folders import Folders
from vpnportal.tickets import draw, hand_out, noted_address


def add(arguments: argparse.Namespace, say: Say) -> None:
    with open_place(arguments) as (folders, database):
        device = database.transact(
            lambda connection: devices.add_device(
                connection,
                institution=arguments.institution,
                name=arguments.name,
                now=machine_now(),
                group=arguments.group,
            )
        )
        show_ticket(arguments, folders, database, device, say)


def renew_ticket(arguments: argparse.Namespace, say: Say) -> None:
    with open_place(arguments) as (folders, database):
        show_ticket(arguments, folders, database, database.transact(named_device(arguments)), say)


def list_all(arguments: argparse.Namespace, say: Say) -> None:
    def look(connection: Connection) -> list[tuple[Device, EraseCase | None, int]]:
        return [
            (
                device,
                last_case(connection, device.device_id),
                count_alerts(connection, device.device_id),
            )
            for device in devices.list_devices(connection)
        ]

    with open_place(arguments) as (_, database):
        for device, case, alerts in database.transact(look):
            state = "enabled" if device.enabled else "disabled"
            bound = "not bound" if device.bound_at is None else f"bound {device.bound_at:%Y-%m-%d %H:%M}Z"
            line = f"{device.institution.code}  {device.name}  {state}  {bound}  SAM {device.sam.sam_id}"
            say(line + _erasure(case) + (f"  {alerts} audit alerts" if alerts else ""))


def enable(arguments: argparse.Namespace, say: Say) -> None:
    with open_place(arguments) as (_, database):
        device = database.transact(named_device(arguments))

        def work(connection: Connection) -> None:
            devices.set_enabled(connection, device.device_id, enabled=True)
            cancel_erasure(connection, device.device_id, machine_now())

        database.transact(work)
    say(f"{device.name} is enabled")


def disable(arguments: argparse.Namespace, say: Say) -> None:
    with open_place(arguments) as (_, database):
        device = database.transact(named_device(arguments))
        database.transact(lambda connection: devices.set_enabled(connection, device.device_id, enabled=False))
    say(f"{device.name} is disabled; what it has recorded still comes in")


def erase(arguments: argparse.Namespace, say: Say) -> None:
    """First of two steps. Raises FieldInvalid (``name``)."""
    with open_place(arguments) as (_, database):
        device = database.transact(named_device(arguments))
        case = database.transact(lambda connection: order_erasure(connection, device, machine_now()))
    say(f"{device.name} is disabled and asked what erasing would lose{_erasure(case)}")
    say("nothing is erased before: vpnportal devices confirm-erase --unsent NUMBER")


def confirm_erase(arguments: argparse.Namespace, say: Say) -> None:
    """Second step, with the number that the box reported. Raises FieldInvalid (``name``, ``unsent``)."""
    with open_place(arguments) as (_, database):
        device = database.transact(named_device(arguments))
        database.transact(
            lambda connection: confirm_erasure(connection, device, unsent=arguments.unsent, now=machine_now())
        )
    say(f"{device.name} erases itself at its next contact; {arguments.unsent} unsent items are lost with it")


def revoke(arguments: argparse.Namespace, say: Say) -> None:
    with open_place(arguments) as (_, database):
        device = database.transact(named_device(arguments))
        database.transact(
            lambda connection: devices.revoke_certificates(connection, device.device_id, machine_now())
        )
    say(f"the certificates of {device.name} are revoked; it has to be bound again")


def show_ticket(
    arguments: argparse.Namespace, folders: Folders, database: Database, device: Device, say: Say
) -> None:
    """Issue a ticket and show it as the options ask."""
    address = arguments.url or noted_address(folders.root)
    authority = load_server_authority(folders.keys, machine_now())
    ticket = database.transact(lambda connection: issue_ticket(connection, device.device_id, machine_now()))
    handout = hand_out(ticket, address, authority.pem)
    if arguments.png is not None:
        draw(handout.ticket).save(arguments.png)
    if arguments.json:
        shown = ShownTicket(device=device.name, bound=False, ticket=handout.ticket, pin=handout.pin)
        say(msgspec.json.encode(shown).decode())
    else:
        say(f"QR-2  {handout.ticket}")
        say(f"PIN   {handout.pin}")


class ShownTicket(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The JSON form of a ticket; ``ticket`` and ``pin`` are absent for a box that is bound already."""

    device: str
    bound: bool
    ticket: str = ""
    pin: str = ""


def _erasure(case: EraseCase | None) -> str:
    """How far an order to erase has come, as the end of a line."""
    if case is None:
        return ""
    told = "" if case.unsent is None else f", {case.unsent} unsent"
    oldest = "" if case.oldest_at is None else f", oldest visit {case.oldest_at:%Y-%m-%d %H:%M}Z"
    return f"  erasure {case.state}{told}{oldest}"


def named_device(arguments: argparse.Namespace) -> Callable[[Connection], Device]:
    """Finds the box of ``--institution`` and ``--name``, else raises FieldInvalid (``name``)."""

    def find(connection: Connection) -> Device:
        device = devices.find_device_by_name(connection, arguments.institution, arguments.name)
        if device is None:
            raise FieldInvalid("the institution has no such device", field="name")
        return device

    return find
