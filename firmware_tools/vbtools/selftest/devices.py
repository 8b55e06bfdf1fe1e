"""Store, readers and modem, tried with the gateway's own drivers; the only module of the self-test that uses them."""

from __future__ import annotations

import functools
import secrets
import shutil
import time
from pathlib import Path
from typing import Final

from vbtools.modem import transports as modems
from vbtools.modem.probing import probe
from vbtools.reader import transports as readers
from vbtools.reader.burn_in import burn_in
from vbtools.selftest.model import Finding, Outcome
from visitbridge import RELEASED_AT
from visitbridge.adapters.board_power import BoardPower
from visitbridge.adapters.store import open_store
from visitbridge.adapters.system_clock import SystemClock
from visitbridge.domain.modem import SimState
from visitbridge.errors import DeviceError, ModemAbsent, ModemTaken, StoreError
from visitbridge.ports.cards import ReaderInfo, ReaderState
from visitbridge.ports.store import Transaction

SLOWEST_COMMIT_P95_MS: Final = 200.0
"""A phone shows a change as saved within 300 ms (ux §3.10); what is left is for the way there and back."""

_SETTING = "selftest.commit"


class BoardSupply:
    """Implements ``machine.Supply``."""

    def __init__(self, sysfs: Path = Path("/sys")) -> None:
        self._power = BoardPower(sysfs)

    def under_voltage(self) -> bool | None:
        return self._power.under_voltage()


async def try_store(folder: Path, commits: int) -> Finding:
    """A store of its own in ``folder``, written to as the gateway does (synchronous=FULL), closed, and read again."""
    place = folder / f".selftest-{secrets.token_hex(4)}"
    facts: dict[str, str | int | float] = {"commits": commits}
    try:
        place.mkdir(mode=0o700)
        facts |= await _time_commits(place / "store.db", commits)
    except StoreError as exc:
        return Finding(probe="store", outcome=Outcome.BAD, reason=exc.code, facts=facts)
    except OSError as exc:
        return Finding(
            probe="store", outcome=Outcome.BAD, reason="io", facts=facts | {"errno": exc.errno or 0}
        )
    finally:
        shutil.rmtree(place, ignore_errors=True)
    if facts["found"] != commits:
        return Finding(probe="store", outcome=Outcome.BAD, reason="lost", facts=facts)
    if float(facts["p95_ms"]) > SLOWEST_COMMIT_P95_MS:
        return Finding(probe="store", outcome=Outcome.BAD, reason="slow", facts=facts)
    return Finding(probe="store", outcome=Outcome.GOOD, facts=facts)


async def try_readers(count: int, *, wait_s: float, allow_virtual: bool) -> list[Finding]:
    """Read the card in every reader on USB ``count`` times; one finding for each reader."""
    options = readers.Options(usb=True, keys=None, allow_virtual=allow_virtual, wait_s=wait_s)
    try:
        async with readers.open_transports(options) as transports:
            found = [await _try_reader(transports, info, count) for info in transports.readers()]
    except DeviceError as exc:
        return [Finding(probe="readers", outcome=Outcome.BAD, reason=exc.code)]
    return found or [Finding(probe="readers", outcome=Outcome.ABSENT, reason="no_reader")]


async def try_modem(options: modems.Options) -> Finding:
    """Firmware, SIM and network, changing nothing."""
    try:
        async with modems.open_session(options) as session:
            told = await probe(session)
    except ModemTaken as exc:
        return Finding(probe="modem", outcome=Outcome.BAD, reason=exc.code)
    except ModemAbsent:
        return Finding(probe="modem", outcome=Outcome.ABSENT, reason="no_modem")
    except DeviceError as exc:
        return Finding(probe="modem", outcome=Outcome.BAD, reason=exc.code)
    facts: dict[str, str | int | float] = {
        "model": told.identity.model,
        "firmware": told.identity.firmware,
        "sim": told.sim.value,
        "registration": "-" if told.registration is None else told.registration.name.lower(),
    }
    facts |= {} if told.signal.rssi_dbm is None else {"rssi_dbm": told.signal.rssi_dbm}
    good = told.sim in {SimState.READY, SimState.PIN}
    return Finding(
        probe="modem",
        outcome=Outcome.GOOD if good else Outcome.BAD,
        reason="" if good else "sim",
        facts=facts,
        virtual=options.allow_virtual,
    )


async def _time_commits(path: Path, commits: int) -> dict[str, str | int | float]:
    clock, key = SystemClock(floor=RELEASED_AT), secrets.token_bytes(32)
    taken_ms: list[float] = []
    async with open_store(path, key, clock=clock) as store:
        for number in range(commits):
            value = secrets.token_hex(300)
            begin_s = time.perf_counter()
            await store.write(functools.partial(_save, f"{_SETTING}.{number}", value))
            taken_ms.append((time.perf_counter() - begin_s) * 1e3)
    async with open_store(path, key, clock=clock) as store:
        found = await store.read(
            lambda tx: sum(tx.settings.get(f"{_SETTING}.{number}") is not None for number in range(commits))
        )
    ordered = sorted(taken_ms)
    return {
        "found": found,
        "p50_ms": round(ordered[len(ordered) // 2], 2),
        "p95_ms": round(ordered[int(0.95 * (len(ordered) - 1))], 2),
        "longest_ms": round(ordered[-1], 2),
    }


def _save(name: str, value: str, tx: Transaction) -> None:
    tx.settings.set(name, value)


async def _try_reader(transports: readers.Transports, info: ReaderInfo, count: int) -> Finding:
    facts: dict[str, str | int | float] = {"reader": info.name}
    reader = transports.find(info.reader_id)
    info = await transports.wait_card(reader)
    if info.state not in {ReaderState.CARD, ReaderState.MUTE}:
        return Finding(
            probe="readers", outcome=Outcome.ABSENT, reason="no_card", facts=facts, virtual=info.virtual
        )
    done = await burn_in(reader, count)
    facts |= {"reads": done.reads, "good": done.good, "different": done.different}
    facts |= {} if done.latency_ms is None else {"p95_ms": done.latency_ms.p95}
    facts |= done.errors
    return Finding(
        probe="readers",
        outcome=Outcome.GOOD if done.is_good else Outcome.BAD,
        reason="" if done.is_good else "bad_reads",
        facts=facts,
        virtual=info.virtual,
    )
