"""A health-professional card that opens a locked box: the same signature each time, behind its PIN, never blocked by strangers."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from tests.services.conftest import READER, Room
from visitbridge.adapters.keys import KeyRing
from visitbridge.adapters.phrases import WorkerJudge
from visitbridge.errors import (
    CardCannotUnlock,
    FieldInvalid,
    PinWrong,
    UnlockRefused,
    WrongCardKind,
)
from visitbridge.protocols.apdu import Command
from visitbridge.services.locking import LockDesk, UnlockDesk
from visitbridge.sim.card import build_card
from visitbridge.sim.card.hpc import HpcCard
from visitbridge.sim.card.profiles import LAB_PIN

PHRASE = "correct horse battery"


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    made = KeyRing(tmp_path, bytes(32))
    made.create()
    return made


@pytest.fixture
def key(ring: KeyRing) -> bytes:
    found = ring.open_by_machine()
    assert found is not None
    return found


@pytest.fixture
async def desk(room: Room, ring: KeyRing, key: bytes) -> LockDesk:
    made = LockDesk(room.store, room.clock, room.desk, ring, key, judge=WorkerJudge())
    await made.set_phrase(PHRASE, phone_id="phone-1")
    return made


@pytest.mark.parametrize("phrase", ["password1234", "visitbridge-box1"])
async def test_V6_2_4_a_common_phrase_is_refused_and_the_lock_stays_as_it_was(
    room: Room, ring: KeyRing, key: bytes, phrase: str
) -> None:
    desk = LockDesk(room.store, room.clock, room.desk, ring, key, judge=WorkerJudge())

    with pytest.raises(FieldInvalid) as refused:
        await desk.set_phrase(phrase, phone_id="phone-1")

    assert (refused.value.field, refused.value.params) == ("phrase", {"rule": "guessed_soon"})
    assert phrase not in str(refused.value)
    assert not desk.settings().starts_locked
    assert ring.open_by_machine() == key


def pin(digits: str = LAB_PIN) -> bytearray:
    return bytearray(digits.encode())


async def test_a_registered_card_opens_the_box_with_its_pin(
    room: Room, ring: KeyRing, key: bytes, desk: LockDesk
) -> None:
    await room.insert(build_card("hpc-doctor", None))
    await desk.add_card(READER, pin(), phone_id="phone-1")
    unlock = UnlockDesk(room.desk, ring)
    typed = pin()
    await unlock.by_card(READER, typed)

    assert unlock.readers() == (READER,)
    assert (unlock.opened.result().key, unlock.opened.result().by) == (key, "card")
    assert typed == bytearray(len(LAB_PIN)), "the PIN was wiped"


async def test_another_card_does_not_open_it(room: Room, ring: KeyRing, desk: LockDesk) -> None:
    await room.insert(build_card("hpc-doctor", None))
    await desk.add_card(READER, pin(), phone_id="phone-1")
    await room.pull()
    await room.insert(build_card("hpc-nurse", None))
    unlock = UnlockDesk(room.desk, ring)

    with pytest.raises(UnlockRefused):
        await unlock.by_card(READER, pin())
    assert not unlock.opened.done()


async def test_no_card_is_registered_before_there_is_a_phrase(room: Room, ring: KeyRing, key: bytes) -> None:
    await room.insert(build_card("hpc-doctor", None))
    desk = LockDesk(room.store, room.clock, room.desk, ring, key, judge=WorkerJudge())

    with pytest.raises(FieldInvalid):
        await desk.add_card(READER, pin(), phone_id="phone-1")
    assert "card" not in ring.ways


async def test_strangers_cannot_block_a_card(room: Room, ring: KeyRing, desk: LockDesk) -> None:
    card = build_card("hpc-doctor", None)
    await room.insert(card)
    await desk.add_card(READER, pin(), phone_id="phone-1")
    unlock = UnlockDesk(room.desk, ring)
    with pytest.raises(PinWrong):
        await unlock.by_card(READER, pin("000000"))
    with pytest.raises(PinWrong):
        await unlock.by_card(READER, pin("000000"))
    with pytest.raises(CardCannotUnlock):
        await unlock.by_card(READER, pin("000000"))

    assert card.snapshot().counters["pin_tries_left"] == 1


async def test_a_card_that_never_signs_alike_cannot_be_registered(
    room: Room, ring: KeyRing, desk: LockDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign = HpcCard._sign

    def vary(card: HpcCard, command: Command) -> tuple[bytes, int]:
        _, status = sign(card, command)
        return secrets.token_bytes(64), status

    monkeypatch.setattr(HpcCard, "_sign", vary)
    await room.insert(build_card("hpc-doctor", None))

    with pytest.raises(CardCannotUnlock):
        await desk.add_card(READER, pin(), phone_id="phone-1")
    assert "card" not in ring.ways


async def test_a_patients_card_is_not_asked_for_a_pin(room: Room, ring: KeyRing, desk: LockDesk) -> None:
    await room.insert(build_card("patient-wang", None))

    with pytest.raises(WrongCardKind):
        await UnlockDesk(room.desk, ring).by_card(READER, pin())


async def test_every_change_of_the_lock_is_on_the_trail(room: Room, desk: LockDesk) -> None:
    await room.insert(build_card("hpc-doctor", None))
    await desk.add_card(READER, pin(), phone_id="phone-1")
    await desk.forget_cards(phone_id="phone-1")
    await desk.remove(former=PHRASE, phone_id="phone-1")
    rows = await room.store.read(lambda tx: tx.audit.rows())
    entries = [(row.entry.act, row.entry.phone_id) for row in rows]

    assert entries == [
        (act, "phone-1") for act in ("lock.phrase", "lock.card", "lock.forget_cards", "lock.remove")
    ]
