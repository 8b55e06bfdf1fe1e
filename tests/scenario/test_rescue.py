"""A database that is damaged after a card write: its backup knows nothing of the write, and the card is not written twice."""

from __future__ import annotations

from tests.scenario.day import Day
from tests.scenario.test_stop import write_under_way
from visitbridge.adapters.keys import KeyRing, load_machine_key
from visitbridge.adapters.store import open_store
from visitbridge.adapters.store.rescue import BackupShelf
from visitbridge.sim.clock import FakeClock


async def _back_up(day: Day) -> None:
    state = day.places.box / "state"
    machine_key = load_machine_key(None, "store-key", day.places.box / "store.key")
    key = KeyRing(state, machine_key).open_by_machine() or b""
    async with open_store(state / "store.db", key, clock=FakeClock()) as store:
        await BackupShelf(state / "backups").take(store)


def _damage(day: Day) -> None:
    path = day.places.box / "state" / "store.db"
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)


async def test_what_was_written_after_the_backup_is_found_on_the_card(day: Day) -> None:
    visit = await write_under_way(day, 200)
    await day.program("gateway", "kill")
    await _back_up(day)
    await day.lab.ask("POST", "/link", {"mode": "up"})
    await day.program("gateway", "start")
    before = await day.flags(visit, card="done", vpn="done", ic="done")
    await day.program("gateway", "stop")
    _damage(day)
    await day.program("gateway", "start")
    state = await day.call("GET", "/api/state")
    # The visit's upload is built anew, with another time of its number, under the old key: a person settles that (0015).
    after = await day.flags(visit, card="done", vpn="attention", ic="done")

    assert state["store"]["rescued_at"]
    assert after["visit"]["sequence"]["number"] == before["visit"]["sequence"]["number"]
    (record,) = day.card("patient-wang").records
    assert record["sequence_no"] == after["visit"]["sequence"]["number"]
    errors = {job["kind"]: job["error"] and job["error"]["code"] for job in after["jobs"]}
    assert errors == {"card.write_visit": None, "upload.visit": "GW-DC-04", "upload.ic": None}
    assert day.portal("select count(*) from receipts where kind = 'card_visit'") == [(1,)]
    assert len(day.uploads("visit")) == len(day.uploads("ic_record")) == 1
