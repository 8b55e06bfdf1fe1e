"""Carry a leased job out, and record what became of it when that did not end in a receipt."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable

import msgspec

from visitbridge.domain.backoff import delay_s
from visitbridge.domain.job_states import IN_FLIGHT, Move
from visitbridge.errors import DataCentreBusy, Rejected, StoreError, UploadUnfit, VisitBridgeError
from visitbridge.ports.clock import Clock
from visitbridge.services.outbox import steps
from visitbridge.services.outbox.verdict import judge
from visitbridge.services.outbox.work import Work

log = logging.getLogger(__name__)

_STEP_OF = {
    Move.PUT_BACK: steps.PUT_BACK,
    Move.DOUBT: steps.DOUBT,
    Move.DEFER: steps.DEFER,
    Move.REJECT: steps.REJECT,
}


class Pause(msgspec.Struct, frozen=True, kw_only=True):
    """``held_off``: the other side named the time itself (Retry-After)."""

    delay_s: float
    held_off: bool


class Attempts:
    """``jitter`` returns a factor in [0, 1)."""

    def __init__(self, clock: Clock, *, jitter: Callable[[], float]) -> None:
        self._clock = clock
        self._jitter = jitter
        self._paused_until_s = 0.0

    @property
    def paused_until_s(self) -> float:
        """Monotonic second before which the other side wants no uploads (Retry-After speaks of the service)."""
        return self._paused_until_s

    async def carry_out(self, work: Work) -> Pause | None:
        """None when the job is settled or waits for something that can be seen; else when to try again.

        Raises StoreError and LeaseLost: then nothing is recorded, and the caller has to find out.
        """
        try:
            if work.job.state in IN_FLIGHT:
                await work.kind.handler.attempt(work)
            else:
                await work.kind.handler.settle(work)
        except StoreError:
            raise
        except VisitBridgeError as error:
            return await self._record(work, error)
        return None

    async def _record(self, work: Work, error: VisitBridgeError) -> Pause:
        verdict = judge(work.kind.path, work.job.state, error)
        named_s = error.retry_after_s if isinstance(error, DataCentreBusy) else None
        pause = Pause(
            delay_s=delay_s(verdict.backoff, work.job.attempts, self._jitter(), at_least_s=named_s or 0.0),
            held_off=named_s is not None,
        )
        if named_s is not None:
            self._paused_until_s = max(self._paused_until_s, self._clock.monotonic() + named_s)
        log.info("%s: %s after %s", work.kind.name, verdict.move.value, error.code)
        await work.end(
            _STEP_OF[verdict.move],
            verdict.move,
            error=(
                error.code,
                error.field or "",
                error.words if isinstance(error, (Rejected, UploadUnfit)) else "",
            ),
            not_before=self._clock.now() + dt.timedelta(seconds=pause.delay_s),
            needs_person=verdict.needs_person,
            needs=work.kind.ask_needs if verdict.move is Move.DOUBT else None,
        )
        return pause
