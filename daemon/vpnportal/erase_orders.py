"""Orders to erase a box: given, answered with what would be lost, confirmed by a person, carried out (B11, Y09)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable

import msgspec
from sqlalchemy import Connection, RowMapping, insert, select, update

from visitbridge.errors import FieldInvalid
from visitbridge.protocols.datacentre.erasure import EraseOrder, EraseReport
from vpnportal.devices import Device, revoke_certificates, set_enabled
from vpnportal.schema import erase_orders

Sign = Callable[[bytes], bytes]
"""Ed25519 by the key of the receipts."""


class EraseCase(msgspec.Struct, frozen=True, kw_only=True):
    """One order as the institution sees it. ``unsent`` is the box's latest answer, None while there is none."""

    order_id: str
    device_id: str
    sheet_id: str
    ordered_at: dt.datetime
    reported_at: dt.datetime | None
    unsent: int | None
    oldest_at: dt.datetime | None
    confirmed_at: dt.datetime | None
    confirmed_unsent: int | None
    erased_at: dt.datetime | None

    @property
    def state(self) -> str:
        """``ordered``, ``reported``, ``confirmed`` or ``erased``."""
        if self.erased_at is not None:
            return "erased"
        if self.confirmed_at is not None:
            return "confirmed"
        return "ordered" if self.reported_at is None else "reported"


def order_erasure(connection: Connection, device: Device, now: dt.datetime) -> EraseCase:
    """Disable a box and ask it what erasing would lose; the order that stands already, if one does.

    Raises FieldInvalid (``name``) for a box that was never bound: it has nothing.
    """
    if device.bound_at is None:
        raise FieldInvalid("this device was never bound", field="name")
    set_enabled(connection, device.device_id, enabled=False, erase=True)
    standing = standing_case(connection, device.device_id)
    if standing is not None and standing.sheet_id == device.sheet_id:
        return standing
    cancel_erasure(connection, device.device_id, now)
    order_id = str(uuid.uuid4())
    connection.execute(
        insert(erase_orders).values(
            order_id=order_id, device_id=device.device_id, sheet_id=device.sheet_id, ordered_at=now
        )
    )
    return _case(connection, order_id)


def confirm_erasure(connection: Connection, device: Device, *, unsent: int, now: dt.datetime) -> EraseCase:
    """A person has read that ``unsent`` items would be lost, and wants it so.

    Raises FieldInvalid: ``name`` without an order that the box has answered, ``unsent`` when that is not its answer.
    """
    case = standing_case(connection, device.device_id)
    if case is None or case.reported_at is None:
        raise FieldInvalid("the box has not yet said what would be lost", field="name")
    if unsent != case.unsent:
        raise FieldInvalid(f"the box reported {case.unsent} unsent items", field="unsent")
    connection.execute(
        update(erase_orders)
        .where(erase_orders.c.order_id == case.order_id)
        .values(confirmed_at=now, confirmed_unsent=unsent)
    )
    return _case(connection, case.order_id)


def cancel_erasure(connection: Connection, device_id: str, now: dt.datetime) -> None:
    """Withdraw what has not been carried out. A box that already has the confirmation may be erased all the same."""
    connection.execute(
        update(erase_orders)
        .where(
            erase_orders.c.device_id == device_id,
            erase_orders.c.erased_at.is_(None),
            erase_orders.c.cancelled_at.is_(None),
        )
        .values(cancelled_at=now)
    )


def note_report(connection: Connection, device: Device, report: EraseReport, now: dt.datetime) -> None:
    """Keep what the box says. More unsent items than were confirmed take the confirmation back.

    A box that erases itself loses its certificates here, so that a copy of them is worth nothing. Raises FieldInvalid
    (``order_id``) for an order that does not stand.
    """
    case = standing_case(connection, device.device_id)
    if case is None or case.order_id != report.order_id:
        raise FieldInvalid("no such order", field="order_id")
    values: dict[str, object] = {"reported_at": now, "unsent": report.unsent, "oldest_at": report.oldest_at}
    if report.state == "erasing":
        values["erased_at"] = now
        revoke_certificates(connection, device.device_id, now)
    elif case.confirmed_unsent is not None and report.unsent > case.confirmed_unsent:
        values |= {"confirmed_at": None, "confirmed_unsent": None}
    connection.execute(
        update(erase_orders).where(erase_orders.c.order_id == report.order_id).values(**values)
    )


def signed_order(connection: Connection, device: Device, sign: Sign) -> EraseOrder | None:
    """What a box is told at its next contact: the step that its standing order has reached."""
    case = standing_case(connection, device.device_id)
    if case is None or case.sheet_id != device.sheet_id:
        return None
    order = EraseOrder(
        order_id=case.order_id,
        sheet_id=case.sheet_id,
        step="prepare" if case.confirmed_at is None else "confirm",
        issued_at=case.confirmed_at or case.ordered_at,
        unsent=case.confirmed_unsent or 0,
    )
    return msgspec.structs.replace(order, signature=sign(order.signed_bytes()).hex())


def standing_case(connection: Connection, device_id: str) -> EraseCase | None:
    """The order that is neither withdrawn nor carried out."""
    row = (
        connection.execute(
            select(erase_orders).where(
                erase_orders.c.device_id == device_id,
                erase_orders.c.cancelled_at.is_(None),
                erase_orders.c.erased_at.is_(None),
            )
        )
        .mappings()
        .one_or_none()
    )
    return None if row is None else _of(row)


def last_case(connection: Connection, device_id: str) -> EraseCase | None:
    """The newest order that was not withdrawn."""
    row = (
        connection.execute(
            select(erase_orders)
            .where(erase_orders.c.device_id == device_id, erase_orders.c.cancelled_at.is_(None))
            .order_by(erase_orders.c.ordered_at.desc())
            .limit(1)
        )
        .mappings()
        .one_or_none()
    )
    return None if row is None else _of(row)


def _case(connection: Connection, order_id: str) -> EraseCase:
    return _of(
        connection.execute(select(erase_orders).where(erase_orders.c.order_id == order_id)).mappings().one()
    )


def _of(row: RowMapping) -> EraseCase:
    return EraseCase(**{name: row[name] for name in EraseCase.__struct_fields__})
