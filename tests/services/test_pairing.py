"""Links, names and proofs of presence: nothing is stored before somebody at the box agreed (ux §3.1)."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from visitbridge.adapters.store import open_store
from visitbridge.domain.people import BoxRole
from visitbridge.domain.phones import PhoneState
from visitbridge.errors import CodeWrong, NotFound, PairingRefused, RoleMissing, StoreFull
from visitbridge.ports.store import Store, Transaction
from visitbridge.services.live import LiveBoard
from visitbridge.services.pairing import TOKEN_LIFE_S, PairingDesk
from visitbridge.services.phone_session import PhoneLimits
from visitbridge.services.phones import Opened, PhoneDesk
from visitbridge.services.presence import LIFE_S, TRIES, PresenceDesk, PresenceTopic, Purpose
from visitbridge.sim.clock import FakeClock

T = TypeVar("T")


class FullDisk:
    """A real store whose writes fail while ``full``."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.full = False

    async def write(self, work: Callable[[Transaction], T]) -> T:
        if self.full:
            raise StoreFull("no space")
        return await self._store.write(work)

    async def read(self, work: Callable[[Transaction], T]) -> T:
        return await self._store.read(work)


class Desks:
    def __init__(self, disk: FullDisk, clock: FakeClock) -> None:
        self.disk = disk
        self.clock = clock
        self.board = LiveBoard()
        self.phones = PhoneDesk(disk, clock, limits=PhoneLimits())
        self.presence = PresenceDesk(disk, self.board, clock)
        self.pairing = PairingDesk(self.phones, self.presence, clock)

    @property
    def code(self) -> str:
        """What the box's console shows."""
        return self.presence.for_console()[-1].code

    @property
    def wrong_code(self) -> str:
        return f"{(int(self.code) + 1) % 10**6:06d}"

    def ask(self, token: str | None = None, name: str = "phone") -> str:
        return self.pairing.ask(token or self.pairing.mint_token(), name).secret

    async def pair(self, name: str = "phone") -> Opened:
        return await self.pairing.confirm(self.ask(name=name), self.code)

    def asked(self) -> PresenceTopic:
        topic = self.board.snapshot()["presence"]
        assert isinstance(topic, PresenceTopic)
        return topic


@pytest.fixture
async def desks(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Desks]:
    async with open_store(tmp_path / "store.db", bytes(32), clock=clock) as store:
        yield Desks(FullDisk(store), clock)


async def test_the_code_of_the_box_pairs_the_phone_that_asked(desks: Desks) -> None:
    secret = desks.ask(name="林護理師")
    assert desks.phones.phones() == ()

    opened = await desks.pairing.confirm(secret, desks.code)

    assert [phone.name for phone in desks.phones.phones()] == ["林護理師"]
    assert desks.phones.state(opened.phone) is PhoneState.OPEN
    assert desks.asked().questions == ()


async def test_a_phone_that_allows_is_shown_the_code(desks: Desks) -> None:
    first = await desks.pair()
    secret = desks.ask(name="second")
    (question,) = desks.asked().questions
    assert (question.name, question.purpose, question.allowed_by) == ("second", Purpose.PAIR, "")

    code = await desks.presence.allow(
        question.request_id,
        by=first.phone.phone_id,
        role=desks.phones.role(first.phone.phone_id),
        proven=True,
    )

    assert desks.presence.look(secret).allowed_by == first.phone.phone_id
    await desks.pairing.confirm(secret, code)
    assert len(desks.phones.phones()) == 2


async def test_a_refusal_ends_the_request_and_its_link_and_stores_no_phone(desks: Desks) -> None:
    token = desks.pairing.mint_token()
    secret = desks.ask(token)
    code = desks.code
    await desks.presence.refuse(desks.asked().questions[0].request_id, by="p1")

    with pytest.raises(PairingRefused):
        desks.presence.look(secret)
    with pytest.raises(PairingRefused):
        await desks.pairing.confirm(secret, code)
    with pytest.raises(PairingRefused):
        desks.ask(token)
    assert desks.phones.phones() == ()
    assert await desks.disk.read(lambda tx: list(tx.phones.all())) == []
    acts = await desks.disk.read(lambda tx: [row.entry.act for row in tx.audit.rows()])
    assert acts == ["presence.refuse"]


async def test_wrong_codes_are_counted_and_asking_again_gives_none_back(desks: Desks) -> None:
    token = desks.pairing.mint_token()
    left = []
    for _ in range(TRIES - 1):
        secret = desks.ask(token)
        with pytest.raises(CodeWrong) as caught:
            await desks.pairing.confirm(secret, desks.wrong_code)
        left.append(caught.value.params["tries_left"])
    assert left == [4, 3, 2, 1]

    secret = desks.ask(token)
    with pytest.raises(PairingRefused):
        await desks.pairing.confirm(secret, desks.wrong_code)
    with pytest.raises(PairingRefused):
        desks.ask(token)
    assert desks.phones.phones() == ()


async def test_a_request_is_over_after_three_minutes_but_its_link_is_not(desks: Desks) -> None:
    token = desks.pairing.mint_token()
    secret, code = desks.ask(token), desks.code
    desks.clock.advance(LIFE_S)

    with pytest.raises(PairingRefused):
        await desks.pairing.confirm(secret, code)
    assert desks.ask(token) != secret


async def test_a_link_is_over_after_ten_minutes(desks: Desks) -> None:
    token = desks.pairing.mint_token()
    desks.clock.advance(TOKEN_LIFE_S)

    with pytest.raises(PairingRefused):
        desks.ask(token)


async def test_a_pairing_that_was_not_saved_can_be_tried_again(desks: Desks) -> None:
    secret = desks.ask()
    code = desks.code
    desks.disk.full = True
    with pytest.raises(StoreFull):
        await desks.pairing.confirm(secret, code)
    assert desks.phones.phones() == ()
    desks.disk.full = False

    opened = await desks.pairing.confirm(secret, code)

    assert await desks.phones.authenticate(opened.cookie) == opened.phone
    with pytest.raises(PairingRefused):
        await desks.pairing.confirm(secret, code)


async def test_a_link_pairs_one_phone(desks: Desks) -> None:
    token = desks.pairing.mint_token()
    await desks.pairing.confirm(desks.ask(token), desks.code)

    with pytest.raises(PairingRefused):
        desks.ask(token)


async def test_A03_nobody_allows_or_grants_more_than_the_own_role(desks: Desks) -> None:
    await desks.pair("owner")
    user = await desks.pair("user")
    user_id = user.phone.phone_id
    assert desks.phones.role(user_id) is BoxRole.USER

    with pytest.raises(RoleMissing):
        desks.pairing.mint_token_for_other(BoxRole.TECHNICIAN, by=user_id)
    desks.ask(desks.pairing.mint_token(BoxRole.TECHNICIAN))
    with pytest.raises(RoleMissing):
        await desks.presence.allow(
            desks.asked().questions[0].request_id, by=user_id, role=BoxRole.USER, proven=True
        )
    with pytest.raises(NotFound):
        await desks.presence.allow("another", by=user_id, role=BoxRole.USER, proven=True)


async def test_the_oldest_of_too_many_links_goes(desks: Desks) -> None:
    tokens = [desks.pairing.mint_token() for _ in range(17)]

    with pytest.raises(PairingRefused):
        desks.ask(tokens[0])
    desks.ask(tokens[1])


async def test_links_cookies_and_codes_are_long_enough_and_never_the_same(desks: Desks) -> None:
    tokens = {desks.pairing.mint_token() for _ in range(16)}
    secrets, codes, cookies = set(), set(), set()
    for token in tokens:
        secret = desks.ask(token)
        secrets.add(secret)
        codes.add(desks.code)
        cookies.add((await desks.pairing.confirm(secret, desks.code)).cookie)

    assert (len(tokens), len(secrets), len(cookies)) == (16, 16, 16)
    assert len(codes) > 1
    assert min(map(len, tokens | secrets)) >= 22, "128 bits in base64"
    assert min(map(len, cookies)) >= 43, "256 bits in base64"
    assert {len(code) for code in codes} == {6}


LABEL = "abcdefghjkmnpqrstuvwxyz234"


def with_label(desks: Desks) -> PairingDesk:
    digest = hashlib.sha256(LABEL.encode()).hexdigest()
    return PairingDesk(desks.phones, desks.presence, desks.clock, label_digest=digest)


async def test_the_label_pairs_the_first_phone_without_another_proof(desks: Desks) -> None:
    pairing = with_label(desks)
    asked = pairing.ask(LABEL, "first")

    opened = await pairing.confirm(asked.secret, asked.code)

    assert desks.phones.role(opened.phone.phone_id) is BoxRole.OWNER
    assert not pairing.is_good(LABEL)
    with pytest.raises(PairingRefused):
        pairing.ask(LABEL, "second")


async def test_the_label_is_worth_nothing_once_any_phone_was_paired_and_removed(desks: Desks) -> None:
    pairing = with_label(desks)
    waiting = pairing.ask(LABEL, "late")
    opened = await desks.pair()
    await desks.phones.remove(opened.phone.phone_id, by=opened.phone.phone_id)
    fresh = PhoneDesk(desks.disk, desks.clock, limits=PhoneLimits())
    await fresh.load()

    with pytest.raises(PairingRefused):
        await pairing.confirm(waiting.secret, waiting.code)
    restarted = PairingDesk(
        fresh, desks.presence, desks.clock, label_digest=hashlib.sha256(LABEL.encode()).hexdigest()
    )
    assert not restarted.is_good(LABEL)


@pytest.mark.parametrize("token", ["", LABEL[:-1], LABEL.upper(), hashlib.sha256(LABEL.encode()).hexdigest()])
def test_only_the_labels_own_token_counts(desks: Desks, token: str) -> None:
    assert not with_label(desks).is_good(token)


def test_a_box_without_a_label_takes_no_empty_token(desks: Desks) -> None:
    assert not desks.pairing.is_good("")


def test_other_links_bring_no_proof_along(desks: Desks) -> None:
    pairing = with_label(desks)

    assert pairing.ask(pairing.mint_token(), "phone").code == ""
