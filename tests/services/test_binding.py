"""Binding again: by the same institution at any time, by another one only after the box was erased (ASVS V8.4.1)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from tests.patience import PATIENCE_S
from tests.vpnportal.portal import RunningPortal, open_running_portal
from visitbridge.adapters.datacentre.client import HttpDataCentre
from visitbridge.domain.people import Institution
from visitbridge.errors import BoundElsewhere, LinkDown
from visitbridge.ports.store import Store, Transaction
from visitbridge.protocols.datacentre.device import BindAnswer, BindTicket, encode_ticket
from visitbridge.services.binding import Binding
from visitbridge.services.live import LiveBoard
from visitbridge.sim.clock import FakeClock

T = TypeVar("T")

PHONE = "phone-1"

OTHER = Institution(code="3599999999", name="另一家居家護理所")


class Bench:
    """A box and a portal that two institutions use. ``acts``: what the box's trail says."""

    def __init__(self, store: Store, portal: RunningPortal) -> None:
        self.store = store
        self.portal = portal
        self.data_centre = HttpDataCentre(store, monotonic=time.monotonic)
        self.binding = self.binding_over(store)

    def binding_over(self, store: Store) -> Binding:
        return Binding(
            store,
            self.data_centre,
            LiveBoard(),
            FakeClock(),
            new_id=lambda: "0190d000-0000-7000-8000-000000000001",
            default_name="box",
            version="0",
        )

    async def bind(self, device_id: str = "", *, url: str = "") -> str:
        """Code of the institution that the box belongs to then."""
        ticket = self.portal.issue_ticket(device_id)
        text = encode_ticket(
            BindTicket(url=url or self.portal.url, token=ticket.token, ca_pem=self.portal.ca_pem)
        )
        record = await self.binding.bind(text, ticket.pin, "box", phone_id=PHONE)
        return record.institution.code if record.institution is not None else ""

    async def acts(self) -> list[str]:
        return [act for act, _ in await self.acts_and_phones()]

    async def acts_and_phones(self) -> list[tuple[str, str]]:
        rows = await self.store.read(lambda tx: tx.audit.rows())
        return [(row.entry.act, row.entry.phone_id) for row in rows]


@pytest.fixture
async def bench(store: Store, tmp_path: Path) -> AsyncIterator[Bench]:
    async with open_running_portal(tmp_path / "portal") as portal:
        bench = Bench(store, portal)
        await bench.binding.load()
        yield bench
        await bench.data_centre.close()


async def test_another_institution_is_refused_and_nothing_has_changed(bench: Bench) -> None:
    await bench.bind()
    before = bench.binding.record
    other = bench.portal.add_device("別家的盒子", OTHER)

    with pytest.raises(BoundElsewhere):
        await bench.bind(other.device_id)

    assert bench.binding.record == before
    assert (await bench.data_centre.device_status()).sam == before.sam
    assert (await bench.acts_and_phones())[-2:] == [("box.bind", PHONE), ("box.bind_refused", PHONE)]


async def test_the_same_institution_binds_again_even_as_another_of_its_boxes(bench: Bench) -> None:
    """A certificate that ran out, a box that stands in for another one."""
    codes = [await bench.bind(), await bench.bind()]
    second = bench.portal.add_device("代用的盒子", bench.portal.device.institution)
    codes.append(await bench.bind(second.device_id))

    assert codes == [bench.portal.device.institution.code] * 3


async def test_the_same_institution_binds_again_at_another_address(bench: Bench) -> None:
    await bench.bind()
    moved = bench.portal.url.replace("localhost", "127.0.0.1")

    assert await bench.bind(url=moved) == bench.portal.device.institution.code


async def test_what_a_restart_finds_counts_too(bench: Bench, store: Store) -> None:
    await bench.bind()
    again = Bench(store, bench.portal)
    await again.binding.load()
    await again.data_centre.start(bound_to=again.binding.institution_code)
    other = bench.portal.add_device("別家的盒子", OTHER)

    with pytest.raises(BoundElsewhere):
        await again.bind(other.device_id)
    await again.data_centre.close()


async def test_a_bind_that_never_arrived_leaves_the_box_free_for_any(bench: Bench) -> None:
    with pytest.raises(LinkDown):
        await bench.bind(url="https://127.0.0.1:1")
    other = bench.portal.add_device("別家的盒子", OTHER)

    assert await bench.bind(other.device_id) == OTHER.code


class SlowDisk:
    """The store, whose writes wait for ``is_free``; ``waits`` tells that one does."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.waits = asyncio.Event()
        self.is_free = asyncio.Event()
        self.is_free.set()

    async def write(self, work: Callable[[Transaction], T]) -> T:
        if not self.is_free.is_set():
            self.waits.set()
        await self.is_free.wait()
        return await self._store.write(work)

    async def read(self, work: Callable[[Transaction], T]) -> T:
        return await self._store.read(work)


async def test_what_is_said_of_the_box_while_its_binding_is_written_does_not_undo_the_binding(
    bench: Bench, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = SlowDisk(store)
    bind = bench.data_centre.bind

    async def bind_as_the_disk_becomes_slow(*said: Any, **also: Any) -> BindAnswer:
        answer = await bind(*said, **also)
        disk.is_free.clear()
        return answer

    monkeypatch.setattr(bench.data_centre, "bind", bind_as_the_disk_becomes_slow)
    bench.binding = bench.binding_over(disk)
    await bench.binding.load()

    binding = asyncio.create_task(bench.bind())
    await asyncio.wait_for(disk.waits.wait(), PATIENCE_S)
    status = msgspec.structs.replace(await bench.data_centre.device_status(), handoff_key_hex="00" * 32)
    telling = asyncio.create_task(bench.binding.take_status(status))
    await asyncio.sleep(0)
    disk.is_free.set()
    await asyncio.gather(binding, telling)
    restarted = bench.binding_over(store)
    await restarted.load()

    for record in (bench.binding.record, restarted.record):
        assert record.institution is not None
        assert (record.sam, record.handoff_key) == (status.sam, status.handoff_key_hex)


async def test_S02_the_group_of_data_sets_is_kept_and_its_change_is_on_the_trail(bench: Bench) -> None:
    await bench.bind()
    for group in ("default", "", "night", "night"):
        await bench.binding.take_group(group)
    await bench.binding.load()

    assert bench.binding.topic().dataset_group == "night"
    assert (await bench.acts()).count("datasets.group") == 1
