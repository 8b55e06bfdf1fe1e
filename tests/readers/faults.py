"""A reader or a card that goes away at one command of a card's stay, and what has to be true of it afterwards."""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator, Callable, Iterator

import msgspec

from tests.crash.truth import broken_card
from tests.crash.world import Patient
from tests.readers.stand import Stand
from visitbridge.domain.jobs import JobState
from visitbridge.services.outbox.names import WRITE_PRESCRIPTION, WRITE_VISIT
from visitbridge.sim.card import Pull, PulledCard, PullMoment
from visitbridge.sim.card.nhi_memory import NhiMemory
from visitbridge.sim.contacts import Contacts

_SETTLED = {JobState.CONFIRMED}
_IN_DOUBT = {JobState.UNKNOWN, JobState.WRITTEN}


class Loss(enum.StrEnum):
    """``PULL_*``: the card leaves before a command reaches it, after it acted, after its answer arrived.

    ``UNPLUG``: the reader goes, with the card in it, after that acted on the command.
    """

    PULL_BEFORE = "pull before"
    PULL_DURING = "pull during"
    PULL_AFTER = "pull after"
    UNPLUG = "unplug"


_PULLS = {
    Loss.PULL_BEFORE: PullMoment.BEFORE,
    Loss.PULL_DURING: PullMoment.DURING,
    Loss.PULL_AFTER: PullMoment.AFTER,
}


class Case(msgspec.Struct, frozen=True):
    """``nth``: the command at which it happens, 1 the first since the card was put in."""

    loss: Loss
    nth: int


class CountingCard:
    """Calls ``strike`` when the card has acted on the ``nth`` command of this insertion."""

    def __init__(self, card: Contacts, nth: int = 0, strike: Callable[[], None] = lambda: None) -> None:
        self._card = card
        self._nth = nth
        self._strike = strike
        self.executed = 0

    @property
    def atr(self) -> bytes:
        return self._card.atr

    @property
    def is_struck(self) -> bool:
        return 0 < self._nth <= self.executed

    def reset(self) -> None:
        self._card.reset()

    def execute(self, apdu: bytes) -> bytes:
        self.executed += 1
        answer = self._card.execute(apdu)
        if self.executed == self._nth:
            self._strike()
        return answer


async def count_commands(stand: Stand) -> int:
    """How many commands a card gets that is put in, recognised and written to, when nothing goes wrong."""
    patient = stand.new_patient()
    card = CountingCard(patient.card())
    await stand.insert(card)
    visit_id = await stand.finish_visit(patient)
    await _wait_confirmed(stand, visit_id)
    await stand.pull()
    return card.executed


async def run_cases(
    stand: Stand, losses: tuple[Loss, ...], *, every: int
) -> AsyncIterator[tuple[Case, list[str]]]:
    """Each loss at every ``every``-th command; with what was wrong afterwards."""
    commands = await count_commands(stand)
    for number, nth in enumerate(range(1, commands + 1, every)):
        # With every command left out, the losses take turns, so that a sample has them all.
        for loss in losses if every == 1 else losses[number % len(losses) :][:1]:
            case = Case(loss, nth)
            try:
                wrong = await run_case(stand, case)
            except TimeoutError as exc:
                wrong = [str(exc)]
                await stand.rack.plug()
            yield case, wrong


async def run_case(stand: Stand, case: Case) -> list[str]:
    patient = stand.new_patient()
    card = _card_for(stand, patient, case)
    await stand.insert(card)
    visit_id = await stand.finish_visit(patient)
    await stand.wait_for(lambda: card.is_struck)
    await _wait_gone_or_confirmed(stand, visit_id)
    await stand.wait_quiet()
    wrong = list(_undoubted(patient, await stand.states(visit_id)))

    await stand.rack.plug()
    await stand.insert(patient.card())
    await _wait_confirmed(stand, visit_id)
    await stand.pull()
    return [*wrong, *broken_card(patient, visits=1, prescriptions=1)]


def _card_for(stand: Stand, patient: Patient, case: Case) -> CountingCard:
    if case.loss is Loss.UNPLUG:

        def unplug() -> None:
            stand.rack.unplug()

        return CountingCard(patient.card(), case.nth, unplug)
    return CountingCard(PulledCard(patient.card(), Pull(_PULLS[case.loss], case.nth)), case.nth)


def _undoubted(patient: Patient, states: dict[str, JobState]) -> Iterator[str]:
    """Writing that had begun on the card must be in doubt as long as it is not settled, and no other may be settled."""
    for kind, has_begun in zip((WRITE_VISIT, WRITE_PRESCRIPTION), _begun(patient), strict=True):
        state = states[kind]
        if has_begun and state not in _IN_DOUBT | _SETTLED:
            yield f"{kind} is {state} although the card was written to"
        if not has_begun and state in _SETTLED | {JobState.WRITTEN}:
            yield f"{kind} is {state} although the card was never written to"


def _begun(patient: Patient) -> tuple[bool, bool]:
    """Whether the card remembers anything of a visit, and of a prescription."""
    if not patient.memory_file.exists():
        return False, False
    memory = msgspec.json.decode(patient.memory_file.read_bytes(), type=NhiMemory)
    has_orders = any(entry.orders_stage != "absent" for entry in memory.entries)
    return bool(memory.entries or memory.last_numbers), has_orders


async def _wait_confirmed(stand: Stand, visit_id: str) -> None:
    await stand.wait_until(lambda: _is_confirmed(stand, visit_id))


async def _wait_gone_or_confirmed(stand: Stand, visit_id: str) -> None:
    """A card that left after its last command may have done all that was wanted, and nobody may have noticed."""

    async def is_over() -> bool:
        return stand.cards.at(stand.reader_id).kind == "none" or await _is_confirmed(stand, visit_id)

    await stand.wait_until(is_over)


async def _is_confirmed(stand: Stand, visit_id: str) -> bool:
    return set((await stand.states(visit_id)).values()) == _SETTLED
