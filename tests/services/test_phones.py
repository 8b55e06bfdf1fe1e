"""Sessions of paired phones: locked when nobody is there, over after 12 hours, opened again in four ways."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from unittest.mock import AsyncMock

import msgspec
import pytest

from tests.services.test_pairing import Desks, FullDisk
from visitbridge.adapters.store import open_store
from visitbridge.domain.people import BoxRole
from visitbridge.domain.phones import PhoneState
from visitbridge.errors import (
    CodeBlocked,
    CodeWrong,
    FieldInvalid,
    NotFound,
    NotPaired,
    PhoneOver,
    PhoneRemoved,
    RoleMissing,
)
from visitbridge.ports.clock import TimeTrust
from visitbridge.ports.records import UnlockCode
from visitbridge.ports.store import Transaction
from visitbridge.services.phone_session import PhoneLimits
from visitbridge.services.phones import GRACE_S, TOUCH_EVERY_S, Opened, PhoneDesk
from visitbridge.services.unlock_code import TRIES
from visitbridge.sim.clock import FakeClock

CODE = b"271828"
LIMITS = PhoneLimits()
OPEN, LOCKED, OVER = PhoneState.OPEN, PhoneState.LOCKED, PhoneState.OVER


@pytest.fixture
async def desks(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Desks]:
    async with open_store(tmp_path / "store.db", bytes(32), clock=clock) as store:
        yield Desks(FullDisk(store), clock)


@pytest.fixture
def quick_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Codes that cost little; what they cost is tested for itself."""
    monkeypatch.setattr("visitbridge.services.unlock_code.COST", 2**14)


@pytest.fixture
async def phone(desks: Desks, quick_codes: None) -> Opened:
    opened = await desks.pair()
    await desks.phones.set_code(opened.phone.phone_id, bytearray(CODE))
    return opened


async def state_of(desk: PhoneDesk, cookie: str) -> PhoneState:
    return desk.state(await desk.authenticate(cookie))


async def reloaded(desks: Desks, clock: FakeClock) -> PhoneDesk:
    """The phones as the next life of the box knows them."""
    desk = PhoneDesk(desks.disk, clock, limits=LIMITS)
    await desk.load()
    return desk


async def test_a_phone_that_nobody_touches_locks_after_fifteen_minutes(desks: Desks, phone: Opened) -> None:
    desks.clock.advance(LIMITS.idle_s - 1)
    assert await state_of(desks.phones, phone.cookie) is OPEN
    desks.clock.advance(1)
    assert await state_of(desks.phones, phone.cookie) is LOCKED


async def test_a_phone_in_use_stays_open_until_its_twelve_hours_have_run(desks: Desks, phone: Opened) -> None:
    for _ in range(int(LIMITS.whole_s / 600) - 1):
        desks.clock.advance(600)
        await desks.phones.note_use(phone.phone.phone_id)
    desks.clock.advance(599)
    assert await state_of(desks.phones, phone.cookie) is OPEN
    desks.clock.advance(1)
    assert await state_of(desks.phones, phone.cookie) is OVER


async def test_touching_a_locked_phone_does_not_open_it(desks: Desks, phone: Opened) -> None:
    desks.clock.advance(LIMITS.idle_s)
    await desks.phones.note_use(phone.phone.phone_id)
    assert await state_of(desks.phones, phone.cookie) is LOCKED


async def test_a_phone_is_locked_by_hand(desks: Desks, phone: Opened) -> None:
    await desks.phones.lock(phone.phone.phone_id)
    assert await state_of(desks.phones, phone.cookie) is LOCKED


async def test_its_code_opens_a_locked_phone_and_gives_a_new_cookie(desks: Desks, phone: Opened) -> None:
    desks.clock.advance(LIMITS.idle_s)
    locked = await desks.phones.authenticate(phone.cookie)
    typed = bytearray(CODE)

    cookie = await desks.phones.unlock(locked, typed)

    assert typed == bytes(len(CODE))
    assert cookie != phone.cookie
    assert await state_of(desks.phones, cookie) is OPEN


async def test_the_code_does_not_lengthen_the_twelve_hours(desks: Desks, phone: Opened) -> None:
    desks.clock.advance(LIMITS.whole_s - 10)
    cookie = await desks.phones.unlock(await desks.phones.authenticate(phone.cookie), bytearray(CODE))
    assert await state_of(desks.phones, cookie) is OPEN
    desks.clock.advance(10)

    assert await state_of(desks.phones, cookie) is OVER
    with pytest.raises(PhoneOver):
        await desks.phones.unlock(await desks.phones.authenticate(cookie), bytearray(CODE))


async def test_wrong_codes_are_counted_on_disk_and_then_no_code_is_taken(desks: Desks, phone: Opened) -> None:
    left: list[object] = []
    for _ in range(TRIES - 1):
        desk = await reloaded(desks, desks.clock)
        with pytest.raises(CodeWrong) as caught:
            await desk.unlock(await desk.authenticate(phone.cookie), bytearray(b"000001"))
        left.append(caught.value.params["tries_left"])
    desk = await reloaded(desks, desks.clock)
    for digits in (b"000001", CODE):
        with pytest.raises(CodeBlocked):
            await desk.unlock(await desk.authenticate(phone.cookie), bytearray(digits))

    assert left == [4, 3, 2, 1]
    assert not desk.has_code(phone.phone.phone_id)


async def test_V6_3_1_codes_that_are_tried_at_once_get_no_more_tries_than_one_by_one(
    desks: Desks, phone: Opened
) -> None:
    """Each guess is counted before it is compared, however many come while the first is."""
    shown = await desks.phones.authenticate(phone.cookie)
    guesses = (desks.phones.unlock(shown, bytearray(b"30%04d" % number)) for number in range(4 * TRIES))

    answers = await asyncio.gather(*guesses, return_exceptions=True)

    kinds = Counter(type(answer) for answer in answers)
    assert kinds == {CodeWrong: TRIES - 1, CodeBlocked: 3 * TRIES + 1}
    refusals = [row.entry.act for row in await desks.disk.read(lambda tx: list(tx.audit.rows()))]
    assert refusals.count("phone.code_refused") == TRIES


async def test_the_right_code_gives_all_tries_back(desks: Desks, phone: Opened) -> None:
    cookie = phone.cookie
    for _ in range(2 * TRIES):
        with pytest.raises(CodeWrong):
            await desks.phones.unlock(await desks.phones.authenticate(cookie), bytearray(b"000001"))
        cookie = await desks.phones.unlock(await desks.phones.authenticate(cookie), bytearray(CODE))


@pytest.mark.parametrize("digits", [b"12345", b"1234567890123", b"12345a", b"111111"])
async def test_an_unlock_code_that_is_none_is_refused_and_wiped(
    desks: Desks, phone: Opened, digits: bytes
) -> None:
    typed = bytearray(digits)

    with pytest.raises(FieldInvalid):
        await desks.phones.set_code(phone.phone.phone_id, typed)

    assert typed == bytes(len(digits))


async def test_without_a_code_no_code_opens(desks: Desks) -> None:
    opened = await desks.pair()
    typed = bytearray(CODE)
    with pytest.raises(CodeBlocked):
        await desks.phones.unlock(opened.phone, typed)

    assert typed == bytes(len(CODE))


async def test_a_code_of_a_lower_cost_opens_and_is_made_anew(desks: Desks) -> None:
    phone = await desks.pair()
    salt = bytes(16)
    digest = hashlib.scrypt(CODE, salt=salt, n=2**14, r=8, p=1, dklen=32)
    old = {"salt": salt.hex(), "digest": digest.hex(), "tries_left": 3}
    await _keep_code(desks, phone.phone.phone_id, msgspec.convert(old, UnlockCode))
    desk = await reloaded(desks, desks.clock)

    with pytest.raises(CodeWrong):
        await desk.unlock(phone.phone, bytearray(b"000001"))
    await desk.unlock(phone.phone, bytearray(CODE))

    kept = await _code_of(desks, phone.phone.phone_id)
    assert (kept.cost, kept.tries_left) == (2**17, TRIES)
    await desk.unlock(phone.phone, bytearray(CODE))


async def _keep_code(desks: Desks, phone_id: str, code: UnlockCode) -> None:
    def work(tx: Transaction) -> None:
        (row,) = (row for row in tx.phone_sessions.all() if row.phone_id == phone_id)
        tx.phone_sessions.put(msgspec.structs.replace(row, code=code))

    await desks.disk.write(work)


async def _code_of(desks: Desks, phone_id: str) -> UnlockCode:
    rows = await desks.disk.read(lambda tx: list(tx.phone_sessions.all()))
    (code,) = (row.code for row in rows if row.phone_id == phone_id)
    assert code is not None
    return code


async def test_a_card_begins_another_twelve_hours(desks: Desks, phone: Opened) -> None:
    desks.clock.advance(LIMITS.whole_s)
    cookie = await desks.phones.open(await desks.phones.authenticate(phone.cookie), why="card")

    assert await state_of(desks.phones, cookie) is OPEN


async def test_V7_2_4_the_old_cookie_is_worth_nothing_once_the_new_one_was_seen(
    desks: Desks, phone: Opened
) -> None:
    cookie = await desks.phones.open(phone.phone, why="card")
    assert await state_of(desks.phones, phone.cookie) is OPEN, "a request that was under way"
    desks.clock.advance(GRACE_S)
    await desks.phones.authenticate(cookie)

    with pytest.raises(NotPaired):
        await desks.phones.authenticate(phone.cookie)


async def test_a_cookie_lost_on_the_way_costs_the_session_not_the_pairing(
    desks: Desks, phone: Opened
) -> None:
    await desks.phones.open(phone.phone, why="card")
    desks.clock.advance(GRACE_S)
    assert await state_of(desks.phones, phone.cookie) is LOCKED
    desk = await reloaded(desks, desks.clock)
    stale = await desk.authenticate(phone.cookie)
    assert desk.state(stale) is LOCKED

    cookie = await desk.unlock(stale, bytearray(CODE))

    assert await state_of(desk, cookie) is OPEN


async def test_a_removed_phone_has_to_be_paired_anew(desks: Desks, phone: Opened) -> None:
    gone: list[str] = []
    desks.phones.when_removed(gone.append)
    other = await desks.pair("lost")
    await desks.phones.remove(other.phone.phone_id, by=phone.phone.phone_id)

    with pytest.raises(NotPaired):
        await desks.phones.authenticate(other.cookie)
    with pytest.raises(NotFound):
        await desks.phones.remove(other.phone.phone_id, by=phone.phone.phone_id)
    assert gone == [other.phone.phone_id]
    assert desks.phones.state(other.phone) is OVER
    with pytest.raises(NotPaired):
        await (await reloaded(desks, desks.clock)).authenticate(other.cookie)


async def test_A03_the_first_phone_is_the_owner_and_a_user_removes_no_higher_role(desks: Desks) -> None:
    owner, user = await desks.pair(), await desks.pair()
    roles = [desks.phones.role(opened.phone.phone_id) for opened in (owner, user)]

    assert roles == [BoxRole.OWNER, BoxRole.USER]
    with pytest.raises(RoleMissing):
        await desks.phones.remove(owner.phone.phone_id, by=user.phone.phone_id)


async def test_a_restart_of_the_program_changes_nothing(desks: Desks, phone: Opened) -> None:
    desks.clock.advance(LIMITS.idle_s - 1)
    desk = await reloaded(desks, desks.clock)
    assert await state_of(desk, phone.cookie) is OPEN
    desks.clock.advance(1)
    assert await state_of(desk, phone.cookie) is LOCKED


@pytest.mark.parametrize(("off_s", "found"), [(60.0, OPEN), (900.0, LOCKED), (43_200.0, OVER)])
async def test_Y06_after_a_restart_of_the_machine_trusted_time_counts(
    desks: Desks, phone: Opened, off_s: float, found: PhoneState
) -> None:
    later = FakeClock(desks.clock.now(), boot_id="boot-2")
    later.advance(off_s)

    assert await state_of(await reloaded(desks, later), phone.cookie) is found


async def test_without_trusted_time_a_phone_is_locked_until_its_code(desks: Desks, phone: Opened) -> None:
    later = FakeClock(desks.clock.now(), boot_id="boot-2", trust=TimeTrust.UNTRUSTED)
    desk = await reloaded(desks, later)
    assert await state_of(desk, phone.cookie) is LOCKED

    cookie = await desk.unlock(await desk.authenticate(phone.cookie), bytearray(CODE))

    assert await state_of(desk, cookie) is OPEN
    later.advance(LIMITS.whole_s)
    assert await state_of(desk, cookie) is OVER


async def test_use_is_written_down_at_most_once_a_minute(desks: Desks, phone: Opened) -> None:
    began = desks.clock.now()
    for _ in range(int(TOUCH_EVERY_S) * 3):
        desks.clock.advance(1)
        await desks.phones.note_use(phone.phone.phone_id)

    (stored,) = await desks.disk.read(lambda tx: list(tx.phones.all()))
    assert (stored.used_at - began).total_seconds() == 3 * TOUCH_EVERY_S


async def test_a_full_disk_keeps_no_open_phone_from_working(desks: Desks, phone: Opened) -> None:
    desks.disk.full = True
    desks.clock.advance(TOUCH_EVERY_S)
    await desks.phones.note_use(phone.phone.phone_id)

    desks.clock.advance(LIMITS.idle_s - 1)
    assert await state_of(desks.phones, phone.cookie) is OPEN


async def test_a_phone_is_locked_by_hand_on_a_full_disk_too(desks: Desks, phone: Opened) -> None:
    desks.disk.full = True
    await desks.phones.lock(phone.phone.phone_id)
    assert await state_of(desks.phones, phone.cookie) is LOCKED

    desks.disk.full = False
    await desks.phones.keep()
    assert await state_of(await reloaded(desks, desks.clock), phone.cookie) is LOCKED


async def test_an_act_of_a_phone_and_its_row_are_one_transaction(
    desks: Desks, phone: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes = AsyncMock(wraps=desks.disk.write)
    monkeypatch.setattr(desks.disk, "write", writes)

    await desks.phones.set_code(phone.phone.phone_id, bytearray(CODE))
    await desks.phones.lock(phone.phone.phone_id)

    assert writes.await_count == 2
    acts = [row.entry.act for row in await desks.disk.read(lambda tx: list(tx.audit.rows()))]
    assert acts[-2:] == ["phone.code", "phone.lock"]


async def test_only_a_code_that_opens_tells_that_the_phone_was_unlocked(desks: Desks, phone: Opened) -> None:
    unlocked: list[str] = []
    desks.phones.when_unlocked(unlocked.append)
    with pytest.raises(CodeWrong):
        await desks.phones.unlock(phone.phone, bytearray(b"000001"))
    assert unlocked == []

    await desks.phones.unlock(phone.phone, bytearray(CODE))

    assert unlocked == [phone.phone.phone_id]


async def test_a_phone_that_is_removed_while_its_code_is_compared_is_told_so(
    desks: Desks, phone: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone_id = phone.phone.phone_id

    async def compared(code: UnlockCode, _digits: bytearray) -> UnlockCode:
        await desks.phones.remove(phone_id, by=phone_id)
        return code

    monkeypatch.setattr("visitbridge.services.phones.recognised", compared)
    with pytest.raises(PhoneRemoved):
        await desks.phones.unlock(phone.phone, bytearray(CODE))

    assert desks.phones.phones() == ()
    with pytest.raises(PhoneRemoved):
        await desks.phones.authenticate(phone.cookie)


async def test_every_way_in_is_on_the_trail(desks: Desks, phone: Opened) -> None:
    phone_id = phone.phone.phone_id
    await desks.phones.lock(phone_id)
    with pytest.raises(CodeWrong):
        await desks.phones.unlock(phone.phone, bytearray(b"000001"))
    await desks.phones.unlock(phone.phone, bytearray(CODE))
    await desks.phones.open(phone.phone, why="card")

    rows = await desks.disk.read(lambda tx: [row.entry for row in tx.audit.rows()])

    assert [(entry.act, entry.why) for entry in rows] == [
        ("phone.pair", "owner"),
        ("phone.code", ""),
        ("phone.lock", ""),
        ("phone.code_refused", "4 left"),
        ("phone.open", "code"),
        ("phone.open", "card"),
    ]
    assert {entry.phone_id for entry in rows} == {phone_id}
