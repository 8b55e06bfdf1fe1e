"""Who ends whose session: the own one at any time, somebody else's as a technician with card or code (ASVS V7.5.2)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import msgspec
import pytest

from tests.api.test_pin import NobodysTurn
from tests.services.outbox.samples import staff_row
from tests.services.test_pairing import Desks, FullDisk
from visitbridge.adapters.store import open_store
from visitbridge.api.resources.staff import SignIn, Staff
from visitbridge.api.routes import Call, NoQuery, Route
from visitbridge.errors import NotFound, ProofStale, RoleMissing
from visitbridge.ports.records import PairedPhone, StaffSessionRow
from visitbridge.services.cards import CardDesk
from visitbridge.services.countdown import begin
from visitbridge.services.phone_session import PhoneLimits
from visitbridge.services.phones import Opened
from visitbridge.services.staff import StaffDesk
from visitbridge.services.staff_terms import StaffPolicy
from visitbridge.services.turns import ReaderTurns
from visitbridge.sim.clock import FakeClock
from visitbridge.sim.signature_only.adapter import SignatureOnlyDataCentre
from visitbridge.sim.signature_only.service import SignatureService


class Room:
    """An owner's phone, a user's, and a session that is on the user's."""

    def __init__(
        self, desks: Desks, staff: StaffDesk, turns: ReaderTurns, owner: Opened, user: Opened
    ) -> None:
        self.turns = turns
        self.desks = desks
        self.staff = staff
        self.owner = owner.phone
        self.user = user.phone

    @property
    def left(self) -> int:
        return len(self.staff.sessions())

    async def end(self, phone: PairedPhone) -> None:
        """As the handler does for this phone, which its access rule has let through."""
        routes = Staff(self.staff, self.desks.phones, self.turns).routes()
        (route,) = (each for each in routes if isinstance(each, Route) and each.method == "DELETE")
        path = {"session_id": self.staff.sessions()[0].session_id}
        await route.handler(
            Call(path=path, query=NoQuery(), body=None, phone=phone, client="", language="en")
        )


@pytest.fixture
async def room(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Room]:
    async with open_store(tmp_path / "store.db", bytes(32), clock=clock) as store:
        desks = Desks(FullDisk(store), clock)
        owner, user = await desks.pair("owner"), await desks.pair("user")
        row = msgspec.structs.replace(
            staff_row(phone_id=user.phone.phone_id), countdown=begin(clock, 8 * 3600.0)
        )
        await store.write(lambda tx: tx.staff_sessions.put(row))
        cards = CardDesk(desks.board, clock, realm="test")
        staff = StaffDesk(
            store,
            cards,
            SignatureOnlyDataCentre(SignatureService(now=clock.now), monotonic=clock.monotonic),
            desks.board,
            clock,
            new_id=lambda: "s",
            policy=StaffPolicy(),
        )
        await staff.load()
        yield Room(desks, staff, ReaderTurns(cards, desks.board, clock), owner, user)


async def test_the_own_session_ends_without_another_proof(room: Room) -> None:
    room.desks.clock.advance(PhoneLimits().proof_s)

    await room.end(room.user)

    assert room.left == 0


async def test_a_technician_shows_card_or_code_before_ending_somebody_elses(room: Room) -> None:
    room.desks.clock.advance(PhoneLimits().proof_s)
    with pytest.raises(ProofStale):
        await room.end(room.owner)
    assert room.left == 1

    await room.desks.phones.open(room.owner, why="test", proven=True)
    await room.end(room.owner)

    assert room.left == 0


async def test_a_user_ends_nobody_elses_with_or_without_a_proof(room: Room) -> None:
    other = await room.desks.pair("third")

    with pytest.raises(RoleMissing):
        await room.end(other.phone)

    assert room.left == 1


class SlowCard:
    """A desk on which the team removes the phone while its card is verified. ``ended``: sessions that were ended."""

    def __init__(self, desks: Desks, by: PairedPhone) -> None:
        self._desks = desks
        self._by = by
        self.ended: list[str] = []

    async def sign_in(self, reader_id: str, pin: bytearray, phone_id: str) -> StaffSessionRow:
        await self._desks.phones.remove(phone_id, by=self._by.phone_id)
        return staff_row(phone_id=phone_id)

    async def end(self, session_id: str, phone_id: str = "") -> None:
        self.ended.append(session_id)


async def test_a_phone_that_is_removed_while_its_card_is_verified_leaves_no_session(room: Room) -> None:
    desk = SlowCard(room.desks, room.owner)
    routes = Staff(cast(StaffDesk, desk), room.desks.phones, NobodysTurn()).routes()
    (route,) = (each for each in routes if isinstance(each, Route) and each.body is SignIn)
    body = SignIn(reader_id="r1", pin=msgspec.Raw(b'"123456"'))
    call = Call(path={}, query=NoQuery(), body=body, phone=room.user, client="", language="en")

    with pytest.raises(NotFound):
        await route.handler(call)

    assert desk.ended == [staff_row().session_id]
    assert call.cookie is None
