"""Switching off: what is told before, what is written down, who is asked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from unittest.mock import AsyncMock

import pytest

from tests.adapters.store.builders import job, save, visit
from visitbridge.domain.visit import VisitState
from visitbridge.errors import StoreError, StoreFull, StoreReadOnly, SwitchOffRefused
from visitbridge.ports.records import AuditEntry
from visitbridge.ports.store import Store
from visitbridge.services.switching_off import Machine, SwitchOff, SwitchOffView
from visitbridge.sim.clock import FakeClock


class Asked:
    """A machine that agrees, or not."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.refuses = refuses
        self.times = 0

    async def power_off(self) -> None:
        if self.refuses:
            raise SwitchOffRefused("polkit")
        self.times += 1


def desk(
    store: Store,
    clock: FakeClock,
    machine: Machine | None,
    *,
    is_idle: bool = True,
    going: Callable[[], None] = lambda: None,
) -> SwitchOff:
    return SwitchOff(store, clock, machine, is_idle=lambda: is_idle, going=going)


async def acts(store: Store) -> list[AuditEntry]:
    rows = await store.read(lambda tx: tuple(tx.audit.rows(limit=10)))
    return [row.entry for row in rows]


async def test_what_is_open_is_told_first(store: Store, clock: FakeClock) -> None:
    draft = visit("visit-2", state=VisitState.DRAFT)
    await save(store, visit("visit-1", state=VisitState.FINISHED), draft, job("job-1", visit_id="visit-1"))

    found = await desk(store, clock, Asked(), is_idle=False).look()

    assert (found.possible, found.unsent, found.drafts, found.busy) == (True, 1, 1, True)
    assert found.oldest_at is not None


async def test_an_empty_box_has_nothing_to_tell(store: Store, clock: FakeClock) -> None:
    assert await desk(store, clock, None).look() == SwitchOffView(
        possible=False, unsent=0, drafts=0, oldest_at=None, busy=False
    )


async def test_a_person_switches_it_off_and_that_is_written_down(store: Store, clock: FakeClock) -> None:
    machine, told = Asked(), list[str]()
    await desk(store, clock, machine, going=lambda: told.append("going")).by_person("phone-1")

    (entry,) = await acts(store)
    assert (entry.act, entry.who, entry.phone_id, entry.why) == (
        "box.switch_off",
        "phone",
        "phone-1",
        "asked unsent=0",
    )
    assert (machine.times, told) == (1, ["going"])


@pytest.mark.parametrize("machine", [None, Asked(refuses=True)], ids=["none", "refuses"])
async def test_a_machine_that_does_not_go_off_is_said(
    store: Store, clock: FakeClock, machine: Asked | None
) -> None:
    told: list[str] = []
    with pytest.raises(SwitchOffRefused):
        await desk(store, clock, machine, going=lambda: told.append("going")).by_person("phone-1")
    assert told == []


@pytest.mark.parametrize(
    "error", [StoreFull("no room"), StoreReadOnly("read-only")], ids=["full", "read-only"]
)
async def test_a_disk_that_takes_nothing_more_keeps_no_box_on(
    store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, error: StoreError
) -> None:
    """Neither when a person asks for it nor when the battery ends: both would end in a cut of the power."""
    monkeypatch.setattr(store, "write", AsyncMock(side_effect=error))
    machine, told = Asked(), list[str]()
    box = desk(store, clock, machine, going=lambda: told.append("going"))
    await box.by_person("phone-1")
    await box.by_battery(4)

    assert (machine.times, told) == (2, ["going", "going"])


async def test_an_empty_battery_switches_it_off(store: Store, clock: FakeClock) -> None:
    machine = Asked()
    await desk(store, clock, machine).by_battery(4)
    (entry,) = await acts(store)
    assert (machine.times, entry.who, entry.why) == (1, "box", "battery=4 unsent=0")


async def test_a_machine_that_refuses_is_left_on(store: Store, clock: FakeClock) -> None:
    await desk(store, clock, Asked(refuses=True)).by_battery(4)
    assert clock.now() > dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
