"""Erasing a box by order: two steps, the box's own number in between, and no step without its signature (B11, Y09)."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.vpnportal.box import DEVICE, Box
from tests.vpnportal.portal import RunningPortal
from tests.vpnportal.samples import NOW
from visitbridge.errors import FieldInvalid
from visitbridge.protocols.datacentre.device import DeviceStatus
from visitbridge.protocols.datacentre.erasure import EraseOrder, is_ordered_by
from vpnportal.devices import set_enabled
from vpnportal.erase_orders import cancel_erasure, confirm_erasure, last_case, order_erasure


def give(portal: RunningPortal) -> None:
    device = portal.device
    portal.database.transact(lambda connection: order_erasure(connection, device, NOW))


def confirm(portal: RunningPortal, unsent: int) -> None:
    device = portal.device
    portal.database.transact(lambda connection: confirm_erasure(connection, device, unsent=unsent, now=NOW))


async def told(box: Box) -> EraseOrder:
    order = (await box.ask("GET", "/device")).as_(DeviceStatus).erase
    assert order is not None
    return order


async def report(box: Box, unsent: int, *, order_id: str = "", state: str = "ready") -> int:
    order_id = order_id or (await told(box)).order_id
    body = {"order_id": order_id, "state": state, "unsent": unsent}
    return (await box.ask("POST", "/device/erasure", body)).status


def case_state(portal: RunningPortal) -> str:
    device_id = portal.device.device_id
    case = portal.database.transact(lambda connection: last_case(connection, device_id))
    return "none" if case is None else case.state


async def test_both_steps_are_signed_for_this_box_and_this_life(portal: RunningPortal, bound: Box) -> None:
    assert bound.bound is not None
    give(portal)
    first = await told(bound)
    assert await report(bound, 3) == 204
    confirm(portal, 3)
    second = await told(bound)

    assert (first.step, second.step, second.unsent) == ("prepare", "confirm", 3)
    assert first.order_id == second.order_id
    assert {first.sheet_id, second.sheet_id} == {DEVICE.sheet_id}
    assert all(is_ordered_by(order, bound.bound.receipt_key_hex) for order in (first, second))


@pytest.mark.parametrize(
    "change",
    [{"sheet_id": "x"}, {"order_id": "x"}, {"step": "confirm"}, {"unsent": 1}, {"signature": "00" * 64}],
    ids=lambda change: next(iter(change)),
)
async def test_a_changed_order_is_nobodys(
    portal: RunningPortal, bound: Box, change: dict[str, str | int]
) -> None:
    assert bound.bound is not None
    give(portal)
    order = msgspec.structs.replace(await told(bound), **change)

    assert not is_ordered_by(order, bound.bound.receipt_key_hex)


def test_another_key_signs_no_order() -> None:
    order = EraseOrder(order_id="o", sheet_id="s", step="prepare", issued_at=NOW)
    stranger = Ed25519PrivateKey.generate()

    assert not is_ordered_by(order, stranger.public_key().public_bytes_raw().hex())


async def test_nothing_is_confirmed_before_the_box_has_spoken(portal: RunningPortal, bound: Box) -> None:
    give(portal)

    with pytest.raises(FieldInvalid, match="GW-REQ"):
        confirm(portal, 0)
    assert (await told(bound)).step == "prepare"


async def test_only_the_number_that_the_box_told_can_be_confirmed(portal: RunningPortal, bound: Box) -> None:
    give(portal)
    await report(bound, 2)

    with pytest.raises(FieldInvalid) as refused:
        confirm(portal, 1)
    assert refused.value.field == "unsent"
    assert case_state(portal) == "reported"


async def test_more_than_was_confirmed_takes_the_confirmation_back(portal: RunningPortal, bound: Box) -> None:
    give(portal)
    await report(bound, 2)
    confirm(portal, 2)
    await report(bound, 3)

    assert (await told(bound)).step == "prepare"


async def test_a_box_that_erases_itself_loses_its_certificates(portal: RunningPortal, bound: Box) -> None:
    give(portal)
    await report(bound, 0)
    confirm(portal, 0)
    assert await report(bound, 0, state="erasing") == 204

    assert case_state(portal) == "erased"
    (await bound.ask("GET", "/device")).problem(401, "certificate_refused")


async def test_enabling_again_withdraws_the_order(portal: RunningPortal, bound: Box) -> None:
    give(portal)
    device_id = portal.device.device_id
    portal.database.transact(lambda connection: set_enabled(connection, device_id, enabled=True))
    portal.database.transact(lambda connection: cancel_erasure(connection, device_id, NOW))

    assert (await bound.ask("GET", "/device")).as_(DeviceStatus).erase is None
    assert case_state(portal) == "none"


async def test_another_boxs_order_cannot_be_answered(
    portal: RunningPortal, bound: Box, other_box: Box
) -> None:
    give(portal)
    order_id = (await told(bound)).order_id

    assert await report(other_box, 0, order_id=order_id) == 400
    assert case_state(portal) == "ordered"


async def test_giving_the_order_twice_is_giving_it_once(portal: RunningPortal, bound: Box) -> None:
    give(portal)
    first = await told(bound)
    portal.pass_time(dt.timedelta(minutes=5))
    give(portal)

    assert await told(bound) == first
