"""How near the outbox comes to the link's own floor: a backlog over a link with 60 ms round trips.

    python -m tests.bench.bench_drain [--quick] [--dir FOLDER]

The rival is the link alone: the same bodies, the same number under way at once, nothing stored. The far side is a
timer in the same process, so that only the engine and the encrypted store are measured.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from functools import partial
from pathlib import Path
from typing import Any

from tests.bench import measure
from tests.services.outbox import samples
from tests.services.outbox.fakes import FakeCards, FakePortal, FakeRelay, FakeStaff, is_genuine
from visitbridge.adapters.store import open_store
from visitbridge.adapters.system_clock import SystemClock
from visitbridge.domain.jobs import Need
from visitbridge.ports.clock import TimeTrust
from visitbridge.ports.store import Transaction
from visitbridge.protocols.datacentre.common import Receipt
from visitbridge.protocols.datacentre.uploads import UploadKind
from visitbridge.services.live import LiveBoard
from visitbridge.services.outbox.engine import Outbox, OutboxSettings
from visitbridge.services.outbox.names import UPLOAD_RECOGNITION
from visitbridge.services.outbox.standard import standard_kinds
from visitbridge.sim.clock import FakeClock

RTT_S = 0.06
CONCURRENCY = (1, 4, 16)


class SlowPortal(FakePortal):
    """Answers after one round trip. ``first_at``: monotonic second of the first request."""

    def __init__(self) -> None:
        super().__init__(FakeClock())
        self.first_at = 0.0

    async def send(self, kind: UploadKind, key: str, body: bytes) -> Receipt:
        self.first_at = self.first_at or time.perf_counter()
        await asyncio.sleep(RTT_S)
        return await super().send(kind, key, body)


def floor(count: int, concurrency: int) -> float:
    """Rows a second over the link alone."""

    async def run() -> float:
        portal = SlowPortal()
        numbers = iter(range(count))

        async def sender() -> None:
            for number in numbers:
                await portal.send(UploadKind.RECOGNITION, str(number), b"x" * 300)

        begin = time.perf_counter()
        await asyncio.gather(*(sender() for _ in range(concurrency)))
        return count / (time.perf_counter() - begin)

    return asyncio.run(run())


def drain(path: Path, count: int, concurrency: int) -> tuple[float, float]:
    """Rows a second from link-up to the last receipt on disk, and seconds until the first request left."""

    async def run() -> tuple[float, float]:
        portal = SlowPortal()
        cards = FakeCards()
        clock = SystemClock(floor=samples.VISIT_AT, trust=TimeTrust.DATA_CENTRE)
        is_up = False

        def holds(need: Need) -> bool:
            return is_up

        kinds = standard_kinds(
            data_centre=portal,
            relay=FakeRelay(portal, cards),
            cards=cards,
            staff=FakeStaff(),
            holds=holds,
            sam_id=lambda: "SAM000000001",
        )
        async with open_store(path, bytes(32), clock=clock) as store:
            visits = [samples.visit(f"visit-{number}") for number in range(count)]
            jobs = [kinds[UPLOAD_RECOGNITION].new_job(visit, clock.now()) for visit in visits]

            def fill(tx: Transaction) -> None:
                for visit, job in zip(visits, jobs, strict=True):
                    tx.visits.put(visit)
                    tx.jobs.add(job)

            await store.write(fill)
            outbox = Outbox(
                store=store,
                clock=clock,
                data_centre=portal,
                kinds=kinds,
                holds=holds,
                is_genuine=is_genuine,
                board=LiveBoard(),
                settings=OutboxSettings(concurrency=concurrency),
            )
            ready = asyncio.Event()
            running = asyncio.create_task(outbox.run(ready.set))
            await ready.wait()
            await outbox.wait_quiet()
            begin = time.perf_counter()
            is_up = True
            outbox.wake()
            await outbox.wait_quiet()
            took_s = time.perf_counter() - begin
            running.cancel()
            await asyncio.wait({running})
            left = outbox.desk.summary().depth
            if left or len(portal.receipts) != count:
                raise AssertionError(f"{left} of {count} jobs are left")
            return count / took_s, portal.first_at - begin

    return asyncio.run(run())


def main() -> None:
    options = measure.arguments(__doc__ or "")
    count, rounds = (60, 1) if options.quick else (300, 3)
    result: dict[str, Any] = {"rows": count, "rtt_ms": RTT_S * 1e3}
    fresh = itertools.count()
    with measure.open_folder(options.dir) as folder:
        for concurrency in CONCURRENCY:
            resumed_s: list[float] = []

            def ours(concurrency: int = concurrency, resumed_s: list[float] = resumed_s) -> float:
                rate, first_s = drain(folder / f"{next(fresh)}.db", count, concurrency)
                resumed_s.append(first_s)
                return rate

            rates = measure.take_turns({"floor": partial(floor, count, concurrency), "ours": ours}, rounds)
            result[f"at_{concurrency}"] = {
                "rows_per_s": measure.spread(rates["ours"]),
                "time_over_floor": measure.ratio(rates["floor"], rates["ours"]),
                "resume_s": measure.spread(resumed_s, 4),
            }
    measure.report("drain", result)


if __name__ == "__main__":
    main()
