"""Institutions and their health professionals (rows A03, A08)."""

from __future__ import annotations

import argparse

from visitbridge.domain.people import Institution, Right, StaffKind
from visitbridge.errors import FieldInvalid
from vpnportal import staff
from vpnportal.commands.context import Say, open_place
from vpnportal.devices import add_institution, find_institution


def add_place(arguments: argparse.Namespace, say: Say) -> None:
    code = arguments.institution
    if not (len(code) == 10 and code.isascii() and code.isalnum()):
        raise FieldInvalid("10 letters and digits", field="institution")
    with open_place(arguments) as (_, database):
        database.transact(
            lambda connection: add_institution(connection, Institution(code=code, name=arguments.name))
        )
    if not has_check_digit(code):
        say(f"note: {code} does not satisfy the check digit that most institutions' codes do")
    say(f"{code} is recorded")


def add(arguments: argparse.Namespace, say: Say) -> None:
    member = staff.StaffMember(
        hpc_no=arguments.hpc,
        staff_id=arguments.staff_id,
        id_no=arguments.id_no,
        name=arguments.name,
        kind=StaffKind(arguments.kind),
        rights=tuple(Right(right) for right in dict.fromkeys(arguments.right)),
    )
    with open_place(arguments) as (_, database):
        if database.transact(lambda connection: find_institution(connection, arguments.institution)) is None:
            raise FieldInvalid("no such institution", field="institution")
        if not database.transact(
            lambda connection: staff.add_staff(connection, arguments.institution, member)
        ):
            raise FieldInvalid("the card is recorded already", field="hpc")
    say(f"{member.hpc_no} is recorded")


def list_all(arguments: argparse.Namespace, say: Say) -> None:
    with open_place(arguments) as (_, database):
        for member in database.transact(
            lambda connection: staff.list_staff(connection, arguments.institution)
        ):
            state = "revoked" if member.revoked else ",".join(member.rights) or "no rights"
            say(f"{member.hpc_no}  {member.staff_id}  {member.name}  {member.kind}  {state}")


def revoke(arguments: argparse.Namespace, say: Say) -> None:
    with open_place(arguments) as (_, database):
        if not database.transact(
            lambda connection: staff.revoke_staff(connection, arguments.institution, arguments.hpc)
        ):
            raise FieldInvalid("no such card at this institution", field="hpc")
    say(f"{arguments.hpc} is revoked")


def has_check_digit(code: str) -> bool:
    """Σ i·dᵢ mod 10 over the first nine, letters as base 36 (nhi-domain §8.3, certainty D: a reason to warn only)."""
    return sum(place * int(digit, 36) for place, digit in enumerate(code[:9], 1)) % 10 == int(code[9], 36)
