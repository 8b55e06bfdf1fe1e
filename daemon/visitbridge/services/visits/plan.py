"""Which jobs a finished visit leads to (N01): the highest mode wanted, what is possible now, the rest in the outbox."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Protocol

from visitbridge.domain.jobs import Job
from visitbridge.domain.visit import FinishMode, Identification, Visit
from visitbridge.services.outbox.kinds import Kinds
from visitbridge.services.outbox.names import (
    AFTER_UPLOADS,
    UPLOAD_IC,
    UPLOAD_RECOGNITION,
    UPLOAD_VISIT,
    WRITE_PRESCRIPTION,
    WRITE_VISIT,
)
from visitbridge.services.outbox.views import JobView


class JobDesk(Protocol):
    """The part of the outbox that visits need."""

    def accept(self, visit: Visit, jobs: Iterable[Job]) -> None: ...

    def view(self, job: Job, visit: Visit) -> JobView: ...

    async def reload(self, visit_id: str) -> None: ...


def plan_jobs(
    visit: Visit,
    kinds: Kinds,
    now: dt.datetime,
    *,
    make_up_write: bool,
    after: FinishMode = FinishMode.SAVE,
) -> tuple[Job, ...]:
    """Rows for ``visit.finish_mode``, without those that an earlier finish in mode ``after`` has made.

    ``make_up_write``: an offline visit's card is written later, when it is seen again (X4); its uploads do
    not wait for that.
    """
    mode = visit.finish_mode or FinishMode.SAVE
    return tuple(
        kinds[name].new_job(visit, now, position=position)
        for step, name, position in _wanted(visit, kinds, make_up_write=make_up_write)
        if after < step <= mode
    )


def _wanted(visit: Visit, kinds: Kinds, *, make_up_write: bool) -> Iterator[tuple[FinishMode, str, int]]:
    offline = visit.identification is Identification.CARD_OFFLINE
    later = AFTER_UPLOADS if offline else 0
    if visit.identification is Identification.CARD or (offline and make_up_write):
        yield FinishMode.WRITE_CARD, WRITE_VISIT, kinds[WRITE_VISIT].position + later
        if visit.content.orders:
            yield FinishMode.WRITE_CARD, WRITE_PRESCRIPTION, kinds[WRITE_PRESCRIPTION].position + later
    if offline:
        yield FinishMode.UPLOAD_VPN, UPLOAD_RECOGNITION, kinds[UPLOAD_RECOGNITION].position
    yield FinishMode.UPLOAD_VPN, UPLOAD_VISIT, kinds[UPLOAD_VISIT].position
    yield FinishMode.UPLOAD_IC, UPLOAD_IC, kinds[UPLOAD_IC].position
