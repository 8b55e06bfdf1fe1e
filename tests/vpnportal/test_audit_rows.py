"""Trails kept at the portal: each row once, nothing that does not follow, nothing deleted before the law lets it (Y08)."""

from __future__ import annotations

import datetime as dt

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.vpnportal.box import Box
from tests.vpnportal.portal import RunningPortal
from tests.vpnportal.samples import NOW
from visitbridge.errors import FieldInvalid
from visitbridge.protocols.datacentre.audit_head import sign_head
from visitbridge.protocols.datacentre.audit_trail import (
    FIRST_CHAIN,
    TrailAnswer,
    TrailEntry,
    TrailRow,
    TrailUpload,
    chain_of,
)
from vpnportal.audit_heads import list_alerts
from vpnportal.audit_rows import KEPT_YEARS, purge_rows, read_rows
from vpnportal.devices import set_enabled

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def trail(count: int, *, act: str = "visit.finish", at: dt.datetime = NOW) -> tuple[TrailRow, ...]:
    rows: list[TrailRow] = []
    previous = FIRST_CHAIN
    for number in range(1, count + 1):
        entry = TrailEntry(at=at, who="D-1", act=act, record=f"v-{number}")
        previous = chain_of(previous, entry)
        rows.append(TrailRow(number=number, entry=entry, chain=previous))
    return tuple(rows)


async def send(box: Box, after: int, rows: tuple[TrailRow, ...]) -> int:
    head = sign_head(rows[-1].number, rows[-1].chain, KEY)
    answer = await box.ask("POST", "/audit", TrailUpload(after=after, rows=rows, head=head))
    return answer.as_(TrailAnswer).kept


def kept(portal: RunningPortal) -> tuple[TrailRow, ...]:
    device_id = portal.device.device_id
    return portal.database.transact(lambda connection: tuple(read_rows(connection, device_id)))


def alerts(portal: RunningPortal) -> list[str]:
    return [alert.kind for alert in portal.database.transact(list_alerts)]


async def test_rows_are_kept_once_and_in_order_however_often_they_come(
    portal: RunningPortal, bound: Box
) -> None:
    rows = trail(6)
    answers = [
        await send(bound, 0, rows[:2]),
        await send(bound, 0, rows[:2]),
        await send(bound, 2, rows[2:5]),
        await send(bound, 1, rows[1:6]),
    ]

    assert answers == [2, 2, 5, 6]
    assert kept(portal) == rows
    assert alerts(portal) == []


async def test_a_gap_is_not_jumped_over(portal: RunningPortal, bound: Box) -> None:
    rows = trail(4)

    assert await send(bound, 2, rows[2:]) == 0
    assert (kept(portal), alerts(portal)) == ((), [])


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_rows_that_do_not_follow_are_not_taken_and_raise_an_alert(
    portal: RunningPortal, bound: Box, place: int
) -> None:
    rows = list(trail(3))
    forged = trail(3, act="visit.view")[place]
    rows[place] = TrailRow(number=forged.number, entry=forged.entry, chain=rows[place].chain)

    assert await send(bound, 0, tuple(rows)) == 0
    assert (kept(portal), alerts(portal)) == ((), ["broken"])


async def test_a_trail_written_anew_changes_nothing_that_is_kept(portal: RunningPortal, bound: Box) -> None:
    await send(bound, 0, trail(3))
    assert await send(bound, 0, trail(5, act="visit.view")) == 3

    assert kept(portal) == trail(3)
    assert "fork" in alerts(portal)


async def test_a_disabled_box_brings_its_trail_too(portal: RunningPortal, bound: Box) -> None:
    device_id = portal.device.device_id
    portal.database.transact(lambda connection: set_enabled(connection, device_id, enabled=False))

    assert await send(bound, 0, trail(2)) == 2


@pytest.mark.parametrize(("years", "may"), [(KEPT_YEARS, True), (KEPT_YEARS - 1, False), (0, False)])
async def test_nothing_is_deleted_before_its_seven_years(
    portal: RunningPortal, bound: Box, years: int, may: bool
) -> None:
    old = NOW.replace(year=NOW.year - 8)
    await send(bound, 0, trail(2, at=old))
    today = NOW.date()
    before = today.replace(year=today.year - years)
    refused = ""
    try:
        portal.database.transact(lambda connection: purge_rows(connection, before, today))
    except FieldInvalid as error:
        refused = error.field or ""

    assert (len(kept(portal)), refused) == ((0, "") if may else (2, "before"))


async def test_younger_rows_outlive_a_purge(portal: RunningPortal, bound: Box) -> None:
    await send(bound, 0, trail(2))
    today = NOW.date()
    portal.database.transact(
        lambda connection: purge_rows(connection, today.replace(year=today.year - KEPT_YEARS), today)
    )

    assert len(kept(portal)) == 2


async def test_the_portals_clock_set_ahead_deletes_nothing_that_is_young(
    portal: RunningPortal, bound: Box
) -> None:
    """What counts is the day that is asked for against today, and the row's own time."""
    await send(bound, 0, trail(2))
    ahead = NOW.date().replace(year=NOW.year + 6)
    portal.database.transact(
        lambda connection: purge_rows(connection, ahead.replace(year=ahead.year - KEPT_YEARS), ahead)
    )

    assert len(kept(portal)) == 2


async def test_a_head_that_nobody_signed_is_refused(bound: Box) -> None:
    upload = TrailUpload(after=0, rows=trail(1), head="x")

    assert (await bound.ask("POST", "/audit", upload)).problem(400, "malformed").field == "head"
