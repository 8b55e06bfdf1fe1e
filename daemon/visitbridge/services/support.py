"""The support bundle: what engineers need to help, nothing about people, sealed to the institution (beyond #13)."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeVar

import msgspec

from visitbridge.domain.jobs import JobState
from visitbridge.errors import NotBound
from visitbridge.ports.clock import Clock
from visitbridge.ports.records import AuditEntry
from visitbridge.ports.store import Store, Transaction
from visitbridge.protocols.datacentre.handoff import public_key
from visitbridge.protocols.support import (
    BoxFacts,
    CheckLine,
    JobCount,
    LinkLine,
    LogLine,
    ReaderLine,
    StateFacts,
    SupportBundle,
    seal_bundle,
)
from visitbridge.services.binding import BoxRecord
from visitbridge.services.environment.report import EnvironmentReport
from visitbridge.services.link.history import LinkHistory
from visitbridge.services.live import LiveBoard
from visitbridge.services.topics import BoxTopic, CardsTopic, LinkTopic, QueueTopic, StoreTopic, TimeTopic

T = TypeVar("T", bound=msgspec.Struct)

_OPEN: Final = tuple(state for state in JobState if state.is_open)
_MOST_JOBS: Final = 100_000


class SealedBundle(msgspec.Struct, frozen=True, kw_only=True):
    """``content``: readable by the institution only."""

    name: str
    content: bytes


class SupportDesk:
    """``recipient``: the institution's own key in hex, empty for the one that the data centre told with its status."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        board: LiveBoard,
        box: Callable[[], BoxRecord],
        survey: Callable[[], Awaitable[EnvironmentReport]],
        history: LinkHistory,
        logs: Callable[[], tuple[LogLine, ...]],
        settings: Mapping[str, bool | int | float],
        starts_locked: Callable[[], bool],
        version: str,
        recipient: str,
    ) -> None:
        self._store = store
        self._clock = clock
        self._board = board
        self._box = box
        self._survey = survey
        self._history = history
        self._logs = logs
        self._settings = settings
        self._starts_locked = starts_locked
        self._version = version
        self._recipient = recipient

    async def look(self) -> SupportBundle:
        """What a bundle would hold now; shown to people before it is made."""
        report = await self._survey()
        jobs, audit_rows = await self._store.read(_counts)
        return SupportBundle(
            made_at=self._clock.now(),
            box=self._facts(),
            state=self._state(audit_rows),
            settings=dict(self._settings),
            checks=tuple(
                CheckLine(item=check.item, state=check.state, code=check.code) for check in report.items
            ),
            readers=self._readers(),
            jobs=jobs,
            links=tuple(
                LinkLine(at=point.at, link=point.link, depth=point.queue_depth)
                for point in await self._history.points()
            ),
            logs=self._logs(),
        )

    async def make(self, *, phone_id: str = "") -> SealedBundle:
        """Raises NotBound while no key is known that a bundle could be sealed to."""
        recipient = self._recipient or self._box().handoff_key
        if not recipient:
            raise NotBound("no key of the institution yet")
        bundle = await self.look()
        content = seal_bundle(bundle, public_key(recipient))
        who = "phone" if phone_id else "technician"
        entry = AuditEntry(at=self._clock.now(), who=who, act="support.bundle", phone_id=phone_id)
        await self._store.write(lambda tx: tx.audit.append(entry))
        return SealedBundle(name=f"visitbridge-{bundle.made_at:%Y%m%dT%H%M%S}Z.support", content=content)

    def _facts(self) -> BoxFacts:
        box = self._topic("box", BoxTopic)
        return BoxFacts(
            sheet_id=self._box().sheet_id,
            version=self._version,
            python=platform.python_version(),
            system=f"{platform.system()} {platform.release()}",
            machine=platform.machine(),
            bound=box is not None and box.bound,
            enabled=box is not None and box.enabled,
            starts_locked=self._starts_locked(),
        )

    def _state(self, audit_rows: int) -> StateFacts:
        link, queue = self._topic("link", LinkTopic), self._topic("queue", QueueTopic)
        time, store = self._topic("time", TimeTopic), self._topic("store", StoreTopic)
        return StateFacts(
            link=link.link if link else "",
            hop=link.hop if link else "",
            time_trust=time.trust if time else "",
            queue_depth=queue.depth if queue else 0,
            attention=queue.attention if queue else 0,
            oldest_at=queue.oldest_at if queue else None,
            rescued_at=store.rescued_at if store else None,
            audit_rows=audit_rows,
        )

    def _readers(self) -> tuple[ReaderLine, ...]:
        """Without their names, which may hold a serial number, and without the patient."""
        cards = self._topic("cards", CardsTopic)
        return tuple(
            ReaderLine(
                transport=slot.transport,
                state=slot.state,
                card=slot.card.kind,
                error_code=slot.card.error_code,
            )
            for slot in (cards.readers if cards else ())
        )

    def _topic(self, name: str, kind: type[T]) -> T | None:
        value = self._board.snapshot().get(name)
        return value if isinstance(value, kind) else None


def _counts(tx: Transaction) -> tuple[tuple[JobCount, ...], int]:
    jobs = tx.jobs.in_states(_OPEN, limit=_MOST_JOBS)
    counted = Counter((job.kind, job.state.value, job.error_code) for job in jobs)
    lines = tuple(
        JobCount(kind=kind, state=state, error_code=code, count=count)
        for (kind, state, code), count in sorted(counted.items())
    )
    return lines, tx.audit.head()[0]
