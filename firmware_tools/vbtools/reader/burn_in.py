"""Reading one card many times: how long it takes, what fails, and whether it always says the same."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable

import msgspec

from vbtools.reader.probing import read_once
from visitbridge.errors import CardError, DeviceError
from visitbridge.ports.cards import CardReader

_READ_S = 30.0


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds of a whole read: power on, commands, power off."""

    p50: float
    p95: float
    p99: float
    longest: float


class BurnIn(msgspec.Struct, frozen=True, kw_only=True):
    """``errors``: how often each code came. ``different``: answers that were not the first one's."""

    reads: int
    good: int
    commands: int
    different: int
    errors: dict[str, int]
    latency_ms: Latency | None

    @property
    def is_good(self) -> bool:
        return self.good == self.reads and self.different == 0


async def burn_in(reader: CardReader, count: int, note: Callable[[int], None] = lambda _: None) -> BurnIn:
    """``note`` hears the number of every read that is done. What is on the card is compared and not kept."""
    taken_ms: list[float] = []
    errors: Counter[str] = Counter()
    seen: Counter[bytes] = Counter()
    commands = 0
    for number in range(1, count + 1):
        begin_s = time.perf_counter()
        try:
            async with reader.open_session("vb-reader", deadline_s=_READ_S) as channel:
                answer, sent = await channel.converse(read_once(), deadline_s=_READ_S)
        except (CardError, DeviceError) as exc:
            errors[exc.code] += 1
        else:
            taken_ms.append((time.perf_counter() - begin_s) * 1e3)
            seen[hashlib.sha256(answer).digest()] += 1
            commands += sent
        note(number)
    return BurnIn(
        reads=count,
        good=len(taken_ms),
        commands=commands,
        different=len(taken_ms) - max(seen.values(), default=0),
        errors=dict(sorted(errors.items())),
        latency_ms=_latency(sorted(taken_ms)),
    )


def _latency(ordered_ms: list[float]) -> Latency | None:
    if not ordered_ms:
        return None

    def at(share: float) -> float:
        return round(ordered_ms[min(len(ordered_ms) - 1, int(share * len(ordered_ms)))], 3)

    return Latency(p50=at(0.5), p95=at(0.95), p99=at(0.99), longest=at(1.0))
