"""What the gateway costs between a card and a phone: commands, insertions and rest, beside bare pyscard.

pcscd is real, its readers and cards are virtual and live in another process. A virtual card answers within a tenth of
a millisecond, which no real one does: so besides that, which shows the gateway's own share, commands are measured on
a card that takes 10 ms for each, about what a short command takes at 115,200 baud (limits.md §10.5).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from smartcard import scard

from tests.app.box import RunningBox, config_for
from tests.bench import measure
from tests.bench.bench_idle import open_program, wakeups
from tests.bench.reader_side import ReaderSide, open_reader_side
from tests.contract.demo_card import SELECT_NHI
from tests.contract.reader_benches import Watching
from visitbridge.adapters.pcsc.channel import PcscReader
from visitbridge.adapters.pcsc.source import PcscReaders
from visitbridge.adapters.presence_file import FILE_NAME as PRESENCE_FILE
from visitbridge.api.dispatch import COOKIE
from visitbridge.app import Ready
from visitbridge.config import ReadersSection, dump
from visitbridge.config.load import Loaded
from visitbridge.ports.card_channel import CardChannel
from visitbridge.ports.cards import ReaderState
from visitbridge.protocols.conversation import Conversation
from visitbridge.sim.clock import FakeClock

OK = b"\x90\x00"
BLOCK = 100


async def commands(side: ReaderSide, *, count: int, command_s: float, rounds: int) -> dict[str, Any]:
    """``count`` SELECTs in each round by bare pyscard, through our channel one by one, and as conversations.

    All three take turns in blocks of :data:`BLOCK` commands, bare pyscard and we in two slots of the same pcscd that
    are changed after half of the time, so that what else the machine does meets them alike; ratios are of the medians
    over all blocks.
    """
    taken: dict[str, list[float]] = {"bare": [], "transmit": [], "conversation": []}
    for ours, theirs in ((0, 1), (1, 0)):
        async with (
            open_card(side, slot=theirs, command_s=command_s),
            open_reader(side, slot=ours, command_s=command_s) as reader,
            reader.open_session("bench", deadline_s=3600) as channel,
        ):
            bare = await asyncio.to_thread(BareCard, theirs)
            await take_turns(channel, bare, taken, blocks=rounds * count // BLOCK // 2)
            bare.close()
    medians = {name: statistics.median(times) for name, times in taken.items()}
    return {
        "commands": rounds * count,
        "card_ms": command_s * 1e3,
        **{f"{name}_us": measure.spread([taken_s * 1e6 for taken_s in taken[name]], 1) for name in taken},
        **{
            f"{name}_vs_bare": round(medians[name] / medians["bare"], 3)
            for name in ("transmit", "conversation")
        },
    }


async def take_turns(
    channel: CardChannel, bare: BareCard, taken: dict[str, list[float]], *, blocks: int
) -> None:
    """Add each block's seconds for one command."""
    cases: dict[str, Callable[[], Awaitable[float]]] = {
        "bare": lambda: asyncio.to_thread(bare.select, BLOCK),
        "transmit": lambda: our_commands(channel, BLOCK),
        "conversation": lambda: our_conversation(channel, BLOCK),
    }
    for turn in range(blocks):
        for name in [*cases][turn % 3 :] + [*cases][: turn % 3]:
            taken[name].append(await cases[name]() / BLOCK)


@contextlib.asynccontextmanager
async def open_card(side: ReaderSide, *, slot: int, command_s: float) -> AsyncIterator[None]:
    await side.insert(slot=slot, command_s=command_s)
    await asyncio.to_thread(wait_presence, slot, is_in=True)
    try:
        yield
    finally:
        await side.pull(slot=slot)
        await asyncio.to_thread(wait_presence, slot, is_in=False)


@contextlib.asynccontextmanager
async def open_reader(side: ReaderSide, *, slot: int, command_s: float) -> AsyncIterator[PcscReader]:
    """A reader of the box with a card in it, from insertion to removal."""
    source = PcscReaders(FakeClock(), allow_virtual=True)
    watching = Watching()
    task = asyncio.create_task(watching.follow(source))
    try:
        await side.insert(slot=slot, command_s=command_s)
        there = await watching.wait_told(
            lambda info: info.state is ReaderState.CARD and info.reader_id.endswith(f"-{slot}")
        )
        yield next(reader for reader in source.readers() if reader.info.reader_id == there.reader_id)
        await side.pull(slot=slot)
        await watching.wait_told(lambda info: info.reader_id == there.reader_id and not info.atr)
    finally:
        task.cancel()
        await asyncio.wait({task})
        await source.close()


class BareCard:
    """What a program does that uses pyscard alone: the card in one slot, for itself."""

    def __init__(self, slot: int) -> None:
        self._context, names = bare_context()
        name = names[slot]
        code, self._card, self._protocol = scard.SCardConnect(
            self._context,
            name,
            scard.SCARD_SHARE_EXCLUSIVE,
            scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1,
        )
        assert code == scard.SCARD_S_SUCCESS

    def select(self, count: int) -> float:
        """Seconds for ``count`` commands."""
        begin_s = time.perf_counter()
        for _ in range(count):
            code, answer = scard.SCardTransmit(self._card, self._protocol, list(SELECT_NHI))
            assert code == scard.SCARD_S_SUCCESS
            assert bytes(answer) == OK
        return time.perf_counter() - begin_s

    def close(self) -> None:
        scard.SCardDisconnect(self._card, scard.SCARD_UNPOWER_CARD)
        scard.SCardReleaseContext(self._context)


def wait_presence(slot: int, *, is_in: bool) -> None:
    """Return when pcscd knows of the card that was put in or taken out; it looks every 400 ms."""
    context, names = bare_context()
    state = scard.SCARD_STATE_UNAWARE
    while bool(state & scard.SCARD_STATE_PRESENT) is not is_in:
        code, states = scard.SCardGetStatusChange(context, 30_000, [(names[slot], state)])
        assert code == scard.SCARD_S_SUCCESS
        state = states[0][1] & ~scard.SCARD_STATE_CHANGED
    scard.SCardReleaseContext(context)


def bare_context() -> tuple[int, list[str]]:
    _, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
    _, names = scard.SCardListReaders(context, [])
    return context, names


async def our_commands(channel: CardChannel, count: int) -> float:
    begin_s = time.perf_counter()
    for _ in range(count):
        assert await channel.transmit(SELECT_NHI) == OK
    return time.perf_counter() - begin_s


async def our_conversation(channel: CardChannel, count: int) -> float:
    begin_s = time.perf_counter()
    await channel.converse(_selects(count), deadline_s=600)
    return time.perf_counter() - begin_s


def _selects(count: int) -> Conversation[None]:
    for _ in range(count):
        assert (yield SELECT_NHI) == OK


async def insertions(side: ReaderSide, box: RunningBox, *, count: int) -> dict[str, Any]:
    """From pcscd telling a bare client of an insertion, to the phone having the event of it, and of what it is.

    ``bare_at_phone``: the same insertions, told by the least program that can (:mod:`tests.bench.bare_events`).
    """
    seen: list[float] = []
    known: list[float] = []
    bare_seen: list[float] = []
    bare = await asyncio.to_thread(BareClient)
    headers = {"Cookie": f"{COOKIE}={box.cookie}"}
    async with (
        open_program(sys.executable, "-m", "tests.bench.bare_events") as (_, facts),
        box.http.get(f"{box.origin}/api/events", headers=headers, timeout=None) as stream,
        box.http.get(facts["url"], timeout=None) as bare_stream,
    ):
        phone = Phone(stream)
        await phone.wait_kind("none", "")
        for _ in range(count):
            told = asyncio.create_task(asyncio.to_thread(bare.wait_change))
            bare_event = asyncio.create_task(wait_event(bare_stream))
            await side.insert()
            (seen_s, known_s), bare_seen_s, told_s = await asyncio.gather(
                phone.wait_insertion(), bare_event, told
            )
            seen.append(seen_s - told_s)
            known.append(known_s - told_s)
            bare_seen.append(bare_seen_s - told_s)
            gone = asyncio.create_task(asyncio.to_thread(bare.wait_change))
            await side.pull()
            await asyncio.gather(phone.wait_kind("none"), wait_event(bare_stream), gone)
            # So that three events a card are not more than one a second, the pace of the stream.
            await asyncio.sleep(2.5)
    bare.close()
    return {
        "insertions": count,
        "seen_at_phone": measure.percentiles_ms(seen),
        "known_at_phone": measure.percentiles_ms(known),
        "bare_at_phone": measure.percentiles_ms(bare_seen),
    }


async def wait_event(stream: aiohttp.ClientResponse) -> float:
    """``time.monotonic()`` when the next event was there."""
    await stream.content.readuntil(b"\n\n")
    return time.monotonic()


class BareClient:
    """Another program that looks at the first slot."""

    def __init__(self) -> None:
        self._context, names = bare_context()
        self._name, self._believed = names[0], scard.SCARD_STATE_UNAWARE
        self._look(0)

    def wait_change(self) -> float:
        """``time.monotonic()`` at the moment pcscd said that a card came or went."""
        before = self._believed
        while True:
            at_s = self._look(30_000)
            if (self._believed ^ before) & scard.SCARD_STATE_PRESENT:
                return at_s

    def close(self) -> None:
        scard.SCardReleaseContext(self._context)

    def _look(self, timeout_ms: int) -> float:
        code, states = scard.SCardGetStatusChange(self._context, timeout_ms, [(self._name, self._believed)])
        at_s = time.monotonic()
        assert code == scard.SCARD_S_SUCCESS
        self._believed = states[0][1] & ~scard.SCARD_STATE_CHANGED
        return at_s


class Phone:
    """Reads the event stream and keeps what it says of the first reader."""

    def __init__(self, stream: aiohttp.ClientResponse) -> None:
        self._stream = stream

    async def wait_insertion(self) -> tuple[float, float]:
        """When a card was seen, and when it had been read."""
        return await self.wait_kind("reading"), await self.wait_kind("nhi")

    async def wait_kind(self, *kinds: str) -> float:
        """``time.monotonic()`` when an event arrived in which the first reader's card is of one of these kinds."""
        while True:
            block = (await self._stream.content.readuntil(b"\n\n")).decode()
            at_s = time.monotonic()
            fields = dict(
                line.split(": ", 1) for line in block.strip().splitlines() if not line.startswith(":")
            )
            if (kind := _kind_in(fields)) is not None and kind in kinds:
                return at_s


def _kind_in(fields: dict[str, str]) -> str | None:
    """None for an event that says nothing of cards, empty without readers."""
    data = json.loads(fields.get("data", "{}"))
    cards = data.get("cards") if fields.get("event") == "snapshot" else data.get("value")
    if not cards or "readers" not in cards:
        return None
    return next((str(slot["card"]["kind"]) for slot in cards["readers"]), "")


@contextlib.asynccontextmanager
async def open_gateway(folder: Path) -> AsyncIterator[tuple[int, RunningBox]]:
    """The real program with readers through the pcscd of this environment, and a phone paired with it."""
    config = msgspec.structs.replace(config_for(folder), readers=ReadersSection())
    file = folder / "visitbridge.toml"
    file.write_text(dump(Loaded(config=config, origins={})), "utf-8")
    command = ("-m", "visitbridge", "run", "--config", str(file), "--allow-virtual")
    async with open_program(sys.executable, *command) as (process, told):
        ready = Ready(
            url=told["url"], pair_url=told["pair_url"], ca_file=Path(told["ca_file"]), fingerprint=""
        )
        connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=ready.ca_file))
        async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as http:
            box = RunningBox(http=http, ready=ready, presence_file=config.box.runtime_dir / PRESENCE_FILE)
            await box.pair()
            yield process.pid, box


async def rest(pid: int, *, seconds: float) -> dict[str, Any]:
    before = wakeups(pid)
    await asyncio.sleep(seconds)
    return {"seconds": seconds, "readers": 2, "wakeups_per_s": round((wakeups(pid) - before) / seconds, 2)}


async def run(folder: Path, *, quick: bool) -> dict[str, Any]:
    count = 200 if quick else 1_000
    async with open_reader_side() as side:
        result = {
            "instant_card": await commands(side, count=count, command_s=0, rounds=3 if quick else 21),
            "card_of_10_ms": await commands(side, count=count, command_s=0.01, rounds=1 if quick else 3),
        }
        async with open_gateway(folder) as (pid, box):
            result["insertions"] = await insertions(side, box, count=5 if quick else 100)
            result["rest"] = await rest(pid, seconds=20 if quick else 120)
    return result


def main() -> None:
    options = measure.arguments(__doc__ or "")
    with measure.open_folder(options.dir) as folder:
        measure.report("readers", asyncio.run(run(folder, quick=options.quick)))


if __name__ == "__main__":
    main()
