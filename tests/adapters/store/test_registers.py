"""Receipts, settings, phones, staff sessions, data sets, link history."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import msgspec
import pytest

from tests.adapters.store.builders import KEY, NOW, job, receipt, save
from visitbridge.adapters.store import SqlStore, open_store
from visitbridge.domain.people import Right, StaffKind
from visitbridge.errors import StoreError
from visitbridge.ports.records import (
    Countdown,
    DataSetRecord,
    LinkSample,
    PairedPhone,
    PhoneSessionRow,
    StaffSessionRow,
    UnlockCode,
)
from visitbridge.ports.store import Transaction
from visitbridge.sim.clock import FakeClock

HOUR = dt.timedelta(hours=1)

PHONE = PairedPhone(phone_id="p1", name="護理師的手機", token_hash="a" * 64, paired_at=NOW, used_at=NOW)
SESSION = StaffSessionRow(
    session_id="s1",
    staff_id="S000000001",
    name="測試醫師",
    kind=StaffKind.DOCTOR,
    rights=(Right.VISITS, Right.EMERGENCY),
    token="token",
    started_at=NOW,
    ends_at=NOW + 8 * HOUR,
    countdown=Countdown(left_s=28_800.0, kept_at=NOW, kept_monotonic_s=12.25, boot_id="boot-1"),
    phone_ids=("p1",),
)


async def test_a_receipt_comes_back_whole(path: Path, clock: FakeClock) -> None:
    given = receipt("key-of-job-1")
    async with open_store(path, KEY, clock=clock) as store:
        await save(store, job())
        await store.write(lambda tx: tx.receipts.add(given, job_id="job-1"))
    async with open_store(path, KEY, clock=clock) as store:
        assert await store.read(lambda tx: tx.receipts.get("key-of-job-1")) == given
        assert await store.read(lambda tx: tx.receipts.get("key-of-job-2")) is None


async def test_a_receipt_belongs_to_a_job(store: SqlStore) -> None:
    with pytest.raises(StoreError):
        await store.write(lambda tx: tx.receipts.add(receipt("key"), job_id="nobody"))


async def three_receipts(store: SqlStore) -> None:
    def work(tx: Transaction) -> None:
        for number, epoch in ((1, "old"), (2, "old"), (3, "new")):
            tx.jobs.add(job(str(number)))
            accepted = NOW + number * HOUR
            tx.receipts.add(receipt(f"key-{number}", epoch=epoch, accepted_at=accepted), job_id=str(number))

    await store.write(work)


async def test_a_new_epoch_has_to_confirm_what_the_old_one_gave(store: SqlStore) -> None:
    await three_receipts(store)
    assert await store.read(lambda tx: tx.receipts.unconfirmed("new")) == ["key-1", "key-2"]
    assert await store.read(lambda tx: tx.receipts.unconfirmed("new", limit=1)) == ["key-1"]
    await store.write(lambda tx: tx.receipts.confirm(["key-2"], "new"))
    assert await store.read(lambda tx: tx.receipts.unconfirmed("new")) == ["key-1"]
    given_again = receipt("key-1", epoch="new", accepted_at=NOW + 9 * HOUR)
    await store.write(lambda tx: tx.receipts.add(given_again, job_id="1"))
    assert await store.read(lambda tx: tx.receipts.unconfirmed("new")) == []
    assert await store.read(lambda tx: tx.receipts.get("key-1")) == given_again
    assert await store.read(lambda tx: tx.receipts.unconfirmed("newest")) == ["key-2", "key-3", "key-1"]


async def test_settings_can_be_set_changed_and_removed(store: SqlStore) -> None:
    await store.write(lambda tx: tx.settings.set("never there", None))
    await store.write(lambda tx: tx.settings.set("name", '{"a":1}'))
    assert await store.read(lambda tx: tx.settings.get("name")) == '{"a":1}'
    await store.write(lambda tx: tx.settings.set("name", "2"))
    assert await store.read(lambda tx: tx.settings.get("name")) == "2"
    await store.write(lambda tx: tx.settings.set("name", None))
    assert await store.read(lambda tx: tx.settings.get("name")) is None


async def test_phones(store: SqlStore) -> None:
    other = msgspec.structs.replace(PHONE, phone_id="p2", token_hash="b" * 64, paired_at=NOW + HOUR)
    await store.write(lambda tx: tx.phones.add(other))
    await store.write(lambda tx: tx.phones.add(PHONE))
    assert await store.read(lambda tx: tx.phones.all()) == [PHONE, other]
    await store.write(lambda tx: tx.phones.touch("p1", NOW + HOUR))
    await store.write(lambda tx: tx.phones.remove("p2"))
    assert await store.read(lambda tx: tx.phones.all()) == [
        msgspec.structs.replace(PHONE, used_at=NOW + HOUR)
    ]


@pytest.mark.parametrize("twin", [{"token_hash": "b" * 64}, {"phone_id": "p2"}])
async def test_a_phone_and_its_token_exist_once(store: SqlStore, twin: dict[str, str]) -> None:
    await store.write(lambda tx: tx.phones.add(PHONE))
    with pytest.raises(StoreError):
        await store.write(lambda tx: tx.phones.add(msgspec.structs.replace(PHONE, **twin)))


LEFT = Countdown(left_s=899.5, kept_at=NOW, kept_monotonic_s=12.25, boot_id="boot-1")
CODE = UnlockCode(salt="00" * 16, digest="11" * 64, tries_left=4)


async def test_a_phones_session_goes_with_the_phone(store: SqlStore) -> None:
    opened = PhoneSessionRow(phone_id="p1", whole=LEFT, idle=LEFT, code=CODE)
    await store.write(lambda tx: tx.phones.add(PHONE))
    await store.write(lambda tx: tx.phone_sessions.put(opened))
    locked = msgspec.structs.replace(opened, idle=None, former_hash="a" * 64)
    await store.write(lambda tx: tx.phone_sessions.put(locked))
    await store.write(lambda tx: tx.phones.renew("p1", "b" * 64))

    assert await store.read(lambda tx: tx.phone_sessions.all()) == [locked]
    renewed = msgspec.structs.replace(PHONE, token_hash="b" * 64)
    assert await store.read(lambda tx: tx.phones.all()) == [renewed]
    await store.write(lambda tx: tx.phones.remove("p1"))
    assert await store.read(lambda tx: tx.phone_sessions.all()) == []


async def test_a_session_needs_a_paired_phone(store: SqlStore) -> None:
    with pytest.raises(StoreError):
        await store.write(lambda tx: tx.phone_sessions.put(PhoneSessionRow(phone_id="nobody")))


async def test_staff_sessions(store: SqlStore) -> None:
    later = msgspec.structs.replace(SESSION, session_id="s0", started_at=NOW + HOUR)
    await store.write(lambda tx: tx.staff_sessions.put(later))
    await store.write(lambda tx: tx.staff_sessions.put(SESSION))
    assert await store.read(lambda tx: tx.staff_sessions.all()) == [SESSION, later]
    shared = msgspec.structs.replace(SESSION, phone_ids=("p1", "p2"))
    await store.write(lambda tx: tx.staff_sessions.put(shared))
    await store.write(lambda tx: tx.staff_sessions.remove("s0"))
    assert await store.read(lambda tx: tx.staff_sessions.all()) == [shared]


async def test_data_sets(store: SqlStore) -> None:
    first = DataSetRecord(name="icd10", version="1", group="g", rows=3, sha256="0" * 64, loaded_at=NOW)
    second = msgspec.structs.replace(first, version="2", rows=4)
    drugs = msgspec.structs.replace(first, name="drugs")
    await store.write(lambda tx: tx.datasets.put(first))
    await store.write(lambda tx: tx.datasets.put(drugs))
    await store.write(lambda tx: tx.datasets.put(second))
    assert await store.read(lambda tx: tx.datasets.all()) == [drugs, second]


async def test_link_history(store: SqlStore) -> None:
    samples = [LinkSample(at=NOW + number * HOUR, link="good", queue_depth=number) for number in range(4)]

    def add_all(tx: Transaction) -> None:
        for sample in reversed(samples):
            tx.link_history.add(sample)

    await store.write(add_all)
    corrected = msgspec.structs.replace(samples[3], link="down")
    await store.write(lambda tx: tx.link_history.add(corrected))
    assert await store.read(lambda tx: tx.link_history.since(NOW + 2 * HOUR)) == [samples[2], corrected]
    await store.write(lambda tx: tx.link_history.forget_before(NOW + 3 * HOUR))
    assert await store.read(lambda tx: tx.link_history.since(NOW)) == [corrected]
