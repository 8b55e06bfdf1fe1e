"""A sample of the link and the queue every minute, for the chart of the last day (ux §4)."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable

from visitbridge.errors import StoreError
from visitbridge.ports.clock import Clock
from visitbridge.ports.records import LinkSample
from visitbridge.ports.store import Store, Transaction

log = logging.getLogger(__name__)

EVERY_S = 60.0
STEP_S = 300.0
KEPT = dt.timedelta(hours=24)


class LinkHistory:
    """Service. ``link`` and ``depth`` tell the state of this moment."""

    name = "link-history"
    critical = False

    def __init__(
        self, store: Store, clock: Clock, *, link: Callable[[], str], depth: Callable[[], int]
    ) -> None:
        self._store = store
        self._clock = clock
        self._link = link
        self._depth = depth

    async def run(self, ready: Callable[[], None]) -> None:
        ready()
        while True:
            await self._clock.wait_until(self._clock.monotonic() + EVERY_S)
            await self.sample()

    async def points(self) -> tuple[LinkSample, ...]:
        """The last day in steps of five minutes: of each, the worst link and the longest queue."""
        since = self._clock.now() - KEPT
        samples = await self._store.read(lambda tx: tuple(tx.link_history.since(since)))
        steps: dict[int, LinkSample] = {}
        for sample in samples:
            step = int(sample.at.timestamp() // STEP_S)
            held = steps.setdefault(step, sample)
            steps[step] = LinkSample(
                at=dt.datetime.fromtimestamp(step * STEP_S, dt.UTC),
                link=max(held.link, sample.link, key=_badness),
                queue_depth=max(held.queue_depth, sample.queue_depth),
            )
        return tuple(steps[step] for step in sorted(steps))

    async def sample(self) -> None:
        """Keep one now, and forget what is older than a day."""
        now = self._clock.now()
        sample = LinkSample(at=now, link=self._link(), queue_depth=self._depth())

        def work(tx: Transaction) -> None:
            tx.link_history.add(sample)
            tx.link_history.forget_before(now - KEPT)

        try:
            await self._store.write(work)
        except StoreError as exc:
            log.warning("no sample kept: %s", exc)


def _badness(link: str) -> int:
    return {"good": 0, "unstable": 1}.get(link, 2)
