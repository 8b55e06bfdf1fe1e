"""Who decides who gets in has shown card or code in the last minutes; an open phone is not enough (ASVS V7.5)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.services.test_pairing import Desks, FullDisk
from visitbridge.adapters.store import open_store
from visitbridge.domain.people import BoxRole
from visitbridge.errors import CodeWrong, NotFound, ProofStale
from visitbridge.services.phone_session import PhoneLimits
from visitbridge.services.phones import Opened, PhoneDesk
from visitbridge.services.presence import Purpose
from visitbridge.sim.clock import FakeClock

CODE = b"271828"
PROOF_S = PhoneLimits().proof_s


@pytest.fixture
async def desks(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Desks]:
    async with open_store(tmp_path / "store.db", bytes(32), clock=clock) as store:
        yield Desks(FullDisk(store), clock)


@pytest.fixture
async def phone(desks: Desks, monkeypatch: pytest.MonkeyPatch) -> Opened:
    """Paired, with a code of its own, and open; what was shown at pairing does not count any more."""
    monkeypatch.setattr("visitbridge.services.unlock_code.COST", 2**14)
    opened = await desks.pair()
    await desks.phones.set_code(opened.phone.phone_id, bytearray(CODE))
    desks.clock.advance(PROOF_S)
    return opened


def proven(desks: Desks, phone: Opened) -> bool:
    return desks.phones.is_proven(phone.phone.phone_id)


async def test_pairing_counts_as_proof_for_ten_minutes(desks: Desks) -> None:
    phone = await desks.pair()
    desks.clock.advance(PROOF_S - 1)
    assert proven(desks, phone)
    desks.clock.advance(1)

    assert not proven(desks, phone)
    with pytest.raises(ProofStale):
        desks.phones.require_proven(phone.phone.phone_id)


async def test_use_of_a_phone_is_no_proof(desks: Desks, phone: Opened) -> None:
    await desks.phones.note_use(phone.phone.phone_id)
    await desks.phones.renew_cookie(phone.phone)

    assert not proven(desks, phone)


async def test_the_phones_own_code_proves_and_a_wrong_one_does_not(desks: Desks, phone: Opened) -> None:
    with pytest.raises(CodeWrong):
        await desks.phones.unlock(phone.phone, bytearray(b"000001"))
    assert not proven(desks, phone)

    await desks.phones.unlock(phone.phone, bytearray(CODE))

    assert proven(desks, phone)


@pytest.mark.parametrize("shown", [True, False], ids=["card, box", "a phone left lying about"])
async def test_opening_proves_only_when_whoever_opened_it_had(
    desks: Desks, phone: Opened, shown: bool
) -> None:
    await desks.phones.open(phone.phone, why="test", proven=shown)

    assert proven(desks, phone) is shown


async def test_a_phone_opened_by_a_stale_one_loses_what_it_had_shown_before(desks: Desks) -> None:
    phone = await desks.pair()
    await desks.phones.lock(phone.phone.phone_id)
    assert not proven(desks, phone)

    await desks.phones.open(phone.phone, why="allowed", proven=False)

    assert not proven(desks, phone)


async def test_a_restart_asks_anew(desks: Desks) -> None:
    phone = await desks.pair()
    again = PhoneDesk(desks.disk, desks.clock, limits=PhoneLimits())
    await again.load()

    assert not again.is_proven(phone.phone.phone_id)
    assert not again.is_proven("nobody")


@pytest.mark.parametrize("purpose", [Purpose.PAIR, Purpose.CONFIRM])
async def test_a_phone_without_proof_lets_nobody_in_and_confirms_nobody(
    desks: Desks, purpose: Purpose
) -> None:
    desks.presence.ask(purpose, name="other", role=BoxRole.USER, phone_id="p2")
    (question,) = desks.asked().questions

    with pytest.raises(ProofStale):
        await desks.presence.allow(question.request_id, by="p1", role=BoxRole.OWNER, proven=False)

    assert desks.asked().questions == (question,), "it can be allowed after a proof"
    code = await desks.presence.allow(question.request_id, by="p1", role=BoxRole.OWNER, proven=True)
    assert code == desks.code


@pytest.mark.parametrize("allower_proven", [True, False])
async def test_another_phone_is_opened_without_proof_and_then_has_none_either(
    desks: Desks, allower_proven: bool
) -> None:
    asked = desks.presence.ask(Purpose.OPEN, name="other", role=BoxRole.USER, phone_id="p2")
    request_id = asked.question.request_id
    code = await desks.presence.allow(request_id, by="p1", role=BoxRole.OWNER, proven=allower_proven)

    proof = desks.presence.check(asked.secret, code)

    assert (proof.phone_id, proof.proven) == ("p2", allower_proven)


async def test_the_box_itself_proves(desks: Desks) -> None:
    """A team that lost all phones but one, without code and without network, has the box's console."""
    asked = desks.presence.ask(Purpose.CONFIRM, name="last", role=BoxRole.OWNER, phone_id="p1")

    assert desks.presence.check(asked.secret, desks.code).proven


async def test_a_phone_confirms_not_itself(desks: Desks) -> None:
    asked = desks.presence.ask(Purpose.CONFIRM, name="thief", role=BoxRole.OWNER, phone_id="p1")

    with pytest.raises(NotFound):
        await desks.presence.allow(asked.question.request_id, by="p1", role=BoxRole.OWNER, proven=True)
