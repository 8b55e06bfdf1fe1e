"""The checklist of the insurer's site: how far each step is, who said so and when (A04, A05, A07, A12, B14).

Nothing here is seen by the box itself, and nothing depends on it: a box whose list is empty works, as one of an
institution that set everything up long ago does.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec

from visitbridge.domain.site_steps import SiteState, SiteStep, next_approval, states_of
from visitbridge.errors import FieldInvalid
from visitbridge.ports.clock import Clock
from visitbridge.ports.records import AuditEntry
from visitbridge.ports.store import Store, Transaction

_SETTING: Final = "site.steps"


class SiteMark(msgspec.Struct, frozen=True, kw_only=True):
    """``by``: the person who was signed in on the phone, else the phone's name."""

    state: SiteState
    by: str
    at: dt.datetime


class SiteStepView(msgspec.Struct, frozen=True, kw_only=True):
    """``by`` and ``at``: who said so and when; empty and None while nobody has. ``states``: what may be said of it.

    ``approval_at``: when what was applied for is approved by itself, where that is known.
    """

    step: SiteStep
    state: SiteState
    by: str
    at: dt.datetime | None
    states: tuple[SiteState, ...]
    approval_at: dt.datetime | None


class SiteBook:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def steps(self) -> tuple[SiteStepView, ...]:
        """All of them, in order."""
        return _views(await self._store.read(_marks))

    async def mark(
        self, step: SiteStep, state: SiteState, *, by: str, staff_id: str, phone_id: str
    ) -> tuple[SiteStepView, ...]:
        """Say how far a step is; durable with its audit row when this returns. What is said already stays as it was said.

        ``by``: the name to show. ``staff_id``: empty when nobody is signed in on the phone. Raises FieldInvalid
        (``state``) for one that this step does not have.
        """
        if state not in states_of(step):
            raise FieldInvalid("this step awaits no approval", field="state")
        mark = SiteMark(state=state, by=by, at=self._clock.now())
        entry = AuditEntry(
            at=mark.at,
            who=staff_id or "phone",
            act="site.step",
            record=step.value,
            phone_id=phone_id,
            why=state.value,
        )

        def work(tx: Transaction) -> dict[str, SiteMark]:
            marks = _marks(tx)
            before = marks.get(step.value)
            if state is (SiteState.OPEN if before is None else before.state):
                return marks
            marks[step.value] = mark
            tx.settings.set(_SETTING, msgspec.json.encode(marks).decode())
            tx.audit.append(entry)
            return marks

        return _views(await self._store.write(work))


def _marks(tx: Transaction) -> dict[str, SiteMark]:
    """By the step's value; one of another version's list is kept and not shown."""
    text = tx.settings.get(_SETTING)
    return {} if text is None else msgspec.json.decode(text, type=dict[str, SiteMark])


def _views(marks: dict[str, SiteMark]) -> tuple[SiteStepView, ...]:
    return tuple(_view(step, marks.get(step.value)) for step in SiteStep)


def _view(step: SiteStep, mark: SiteMark | None) -> SiteStepView:
    waits = mark is not None and mark.state is SiteState.APPLIED and step is SiteStep.APPLICATION
    return SiteStepView(
        step=step,
        state=SiteState.OPEN if mark is None else mark.state,
        by="" if mark is None else mark.by,
        at=None if mark is None else mark.at,
        states=states_of(step),
        approval_at=next_approval(mark.at) if mark is not None and waits else None,
    )
