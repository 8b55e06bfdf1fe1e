"""A short life of the store, as a list of transactions: what is done is the same at every playing.

Each visit is accepted, saved again, finished with its jobs, written to the card and sent; some answers are in doubt, some
uploads are refused and corrected; in the end the oldest visits are cleared. ``variant`` deals the fates differently.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator
from typing import Any

import msgspec

from tests.adapters.store.builders import NOW, job, receipt, visit
from visitbridge.domain.job_states import Move, Path, moved
from visitbridge.domain.jobs import LINK, Job, card_need
from visitbridge.domain.visit import Sequence, Visit, VisitContent, VisitState
from visitbridge.ports.records import AuditEntry
from visitbridge.protocols.datacentre.common import Receipt, digest_of

EPOCH = "epoch-1"
BACKUP = "backup.db"
VARIANTS = 4


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One transaction. ``receipts`` with the id of their job; ``clears``: visits that history is cleared of."""

    what: str
    visits: tuple[Visit, ...] = ()
    jobs: tuple[Job, ...] = ()
    receipts: tuple[tuple[Receipt, str], ...] = ()
    clears: tuple[str, ...] = ()
    clear_before: dt.datetime = NOW


class Group(msgspec.Struct, frozen=True):
    """Steps asked for at once, with their numbers: they share a commit or a few. ``backup``: number of the backup that
    is made meanwhile; 0 for none.
    """

    steps: tuple[tuple[int, Step], ...]
    backup: int = 0


class Act(msgspec.Struct, frozen=True):
    """Between opening the file and closing it."""

    groups: tuple[Group, ...]


def audit_entry(number: int, step: Step) -> AuditEntry:
    return AuditEntry(at=NOW, who="box", act=f"power.{step.what}", why=str(number))


def life(variant: int) -> tuple[Act, ...]:
    """Four visits in three acts: one alone in a new file, three at once, and history cleared."""
    numbers = itertools.count()

    def grouped(steps: tuple[Step, ...]) -> Group:
        return Group(tuple((next(numbers), step) for step in steps))

    alone, *together = (list(_visit_steps(variant, which)) for which in range(4))
    first = tuple(grouped((step,)) for step in alone)
    waves = itertools.zip_longest(*together)
    second = [grouped(tuple(step for step in wave if step is not None)) for wave in waves]
    for backup, at in enumerate((len(second) // 3, len(second) // 3 * 2), start=1):
        second[at] = msgspec.structs.replace(second[at], backup=backup)
    last = (
        Step(what="clear", clears=(_visit_id(0),), clear_before=_visited_at(1)),
        *itertools.islice(_visit_steps(variant, 4), 6),
        Step(what="clear", clears=(_visit_id(1), _visit_id(2)), clear_before=_visited_at(3)),
    )
    return Act(first), Act(tuple(second)), Act(tuple(grouped((step,)) for step in last))


def steps_of(acts: tuple[Act, ...]) -> dict[int, Step]:
    return {number: step for act in acts for group in act.groups for number, step in group.steps}


def _visit_id(which: int) -> str:
    return f"0192f002-0000-7000-8000-{which:012d}"


def _visited_at(which: int) -> dt.datetime:
    return NOW + dt.timedelta(minutes=which)


def _visit_steps(variant: int, which: int) -> Iterator[Step]:
    fate = (variant + which) % VARIANTS
    text = f"variant {variant}, visit {which}: " + "訪視紀錄" * (20 * fate + 5)
    draft = visit(_visit_id(which), visit_at=_visited_at(which))
    yield Step(what="accept", visits=(draft,))
    saved = _next(draft, content=VisitContent(subjective=text))
    yield Step(what="autosave", visits=(saved,))
    finished = _next(saved, state=VisitState.FINISHED, finished_at=_visited_at(which))
    card = _job(which, 0, "card.write_visit", needs=(card_need(draft.patient.card_no),))
    uploads = [_job(which, at, kind) for at, kind in ((1, "upload.visit"), (2, "upload.ic"))]
    yield Step(what="finish", visits=(finished,), jobs=(card, *uploads))
    yield from _written(card, finished, torn=fate == 1)
    yield from _sent(uploads[0], text, in_doubt=fate == 2, refused=fate == 3)
    yield from _sent(uploads[1], text, in_doubt=fate == 3, refused=fate == 0)


def _next(former: Visit, **changes: Any) -> Visit:
    return msgspec.structs.replace(former, revision=former.revision + 1, **changes)


def _job(which: int, position: int, kind: str, **changes: Any) -> Job:
    name = f"{which:06d}-{position:06d}"
    return job(
        f"0192f000-{name}", kind=kind, key=f"0192f001-{name}", visit_id=_visit_id(which),
        position=position, payload=b"", digest="", **changes,
    )  # fmt: skip


def _bound(queued: Job, body: str) -> dict[str, object]:
    payload = f"{queued.key} {body}".encode()
    return {"payload": payload, "digest": digest_of(payload)}


def _leased(former: Job, path: Path) -> Job:
    return moved(
        former, path, Move.LEASE, fence=former.fence + 1, leased_by="run-1", attempts=former.attempts + 1
    )


def _written(queued: Job, finished: Visit, *, torn: bool) -> Iterator[Step]:
    now = _leased(queued, Path.CARD)
    yield Step(what="lease", jobs=(now,))
    now = moved(now, Path.CARD, Move.PREPARE, **_bound(queued, "intent"))
    yield Step(what="prepare", jobs=(now,))
    now = moved(now, Path.CARD, Move.EXECUTE)
    yield Step(what="execute", jobs=(now,))
    if torn:
        now = moved(now, Path.CARD, Move.DOUBT, leased_by="", error_code="GW-CRD-02")
        yield Step(what="doubt", jobs=(now,))
        now = _leased(now, Path.CARD)
        yield Step(what="read_back", jobs=(now,))
    now = moved(now, Path.CARD, Move.WRITE, error_code="")
    yield Step(what="write", jobs=(now,))
    now = moved(now, Path.CARD, Move.CONFIRM, leased_by="", settled_at=NOW)
    numbered = _next(finished, sequence=Sequence(number="0042", source="card", taken_at=NOW))
    yield Step(what="card_receipt", jobs=(now,), visits=(numbered,), receipts=(_receipt(now),))


def _sent(queued: Job, body: str, *, in_doubt: bool, refused: bool) -> Iterator[Step]:
    now = _leased(queued, Path.UPLOAD)
    yield Step(what="lease", jobs=(now,))
    now = moved(now, Path.UPLOAD, Move.EXECUTE, **_bound(queued, body))
    yield Step(what="send", jobs=(now,))
    if in_doubt:
        now = moved(now, Path.UPLOAD, Move.DOUBT, leased_by="", error_code="GW-LNK-03")
        yield Step(what="doubt", jobs=(now,))
        now = _leased(now, Path.UPLOAD)
        yield Step(what="ask", jobs=(now,))
    if refused:
        now = moved(now, Path.UPLOAD, Move.REJECT, leased_by="", needs_person=True, error_words="欄位有誤")
        yield Step(what="reject", jobs=(now,))
        key = now.key + "-2"
        now = moved(
            now, Path.UPLOAD, Move.REVISE, revision=2, former_key=now.key, key=key, needs_person=False,
            error_words="", payload=b"", digest="",
        )  # fmt: skip
        yield Step(what="correct", jobs=(now,))
        now = _leased(now, Path.UPLOAD)
        now = moved(now, Path.UPLOAD, Move.EXECUTE, **_bound(now, body + " corrected"))
        yield Step(what="send_again", jobs=(now,))
    now = moved(now, Path.UPLOAD, Move.CONFIRM, leased_by="", settled_at=NOW, needs=(LINK,))
    yield Step(what="receipt", jobs=(now,), receipts=(_receipt(now),))


def _receipt(confirmed: Job) -> tuple[Receipt, str]:
    given = receipt(confirmed.key, kind=confirmed.kind, digest=confirmed.digest, epoch=EPOCH)
    return given, confirmed.job_id
