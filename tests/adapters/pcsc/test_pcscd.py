"""The adapter against a real pcscd that comes, goes and is shared with other programs."""

from __future__ import annotations

import asyncio
import logging
import os
import select
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from smartcard import scard

from tests.contract.demo_card import GET_DATA, RECORD, SELECT_NHI, DemoCard
from tests.contract.reader_benches import Bench, Watching
from tests.patience import PATIENCE_S
from tests.pcsc import clients_of, wake_ups
from visitbridge.adapters.pcsc import binding, monitor
from visitbridge.adapters.pcsc.binding import MOST_READERS, ScardError
from visitbridge.adapters.pcsc.channel import PcscReader
from visitbridge.adapters.pcsc.source import PcscReaders
from visitbridge.adapters.pcsc.wire import Wire
from visitbridge.errors import PcscUnavailable, ReaderBusy, ReaderUnavailable, Retry
from visitbridge.ports.cards import ReaderInfo, ReaderState
from visitbridge.ports.reader_facts import ReaderFacts
from visitbridge.protocols import t0
from visitbridge.services.cards import CardDesk
from visitbridge.services.live import LiveBoard
from visitbridge.services.topics import CardsTopic
from visitbridge.sim.clock import FakeClock
from visitbridge.sim.pcscd import READER_NAME, PrivatePcscd, open_pcscd

OK = b"\x90\x00"
RETRY_S = 1.0


class RetryClock(FakeClock):
    """Knows when somebody has gone to sleep."""

    def __init__(self) -> None:
        super().__init__()
        self._asleep = asyncio.Event()

    async def wait_until(self, monotonic_s: float) -> None:
        self._asleep.set()
        await super().wait_until(monotonic_s)

    async def wait_asleep(self) -> None:
        """Return when the last look for pcscd has failed: the next one is the clock's to allow."""
        async with asyncio.timeout(PATIENCE_S):
            await self._asleep.wait()

    async def wake(self) -> None:
        """Wait until somebody sleeps, and let the time between two looks for pcscd pass."""
        await self.wait_asleep()
        self._asleep.clear()
        self.advance(RETRY_S)


@pytest.fixture
def clock() -> RetryClock:
    return RetryClock()


@pytest.fixture
async def pcscd() -> AsyncIterator[PrivatePcscd]:
    async with open_pcscd(slots=2) as pcscd:
        with clients_of(pcscd.socket_path):
            yield pcscd


@pytest.fixture
async def bench(pcscd: PrivatePcscd, clock: RetryClock) -> AsyncIterator[Bench]:
    source = PcscReaders(clock, allow_virtual=True)
    bench = Bench(source, pcscd.slots, clock)
    async with bench.watched():
        yield bench
    await source.close()


async def wait_insertion(bench: Bench, number: int) -> ReaderInfo:
    return await bench.watching.wait_told(lambda info: info.insertion == number)


async def wait_all(watching: Watching, state: ReaderState) -> None:
    """Wait until no slot is in another state."""
    async with asyncio.timeout(PATIENCE_S), watching.changed:
        await watching.changed.wait_for(
            lambda: all(info.state is state for info in watching.newest().values())
        )


def connect_shared() -> tuple[int, int, int]:
    """What another program does: (result code, context, card)."""
    _, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
    _, names = scard.SCardListReaders(context, [])
    code, card, _ = scard.SCardConnect(
        context, names[0], scard.SCARD_SHARE_SHARED, scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
    )
    return code, context, card


@pytest.mark.parametrize("restarts", [3])
async def test_readers_come_back_as_the_same_after_pcscd_died(
    bench: Bench, pcscd: PrivatePcscd, clock: RetryClock, restarts: int
) -> None:
    ids = bench.reader_ids
    for _ in range(restarts):
        await pcscd.kill()
        await wait_all(bench.watching, ReaderState.UNAVAILABLE)
        await clock.wait_asleep()
        await pcscd.start()
        await clock.wake()
        await wait_all(bench.watching, ReaderState.EMPTY)
    assert bench.reader_ids == ids
    await pcscd.slots[1].insert(DemoCard())
    await bench.watching.wait_told(lambda info: info.state is ReaderState.CARD)
    async with bench.source.readers()[1].open_session("one", deadline_s=10) as channel:
        assert await channel.transmit(SELECT_NHI) == OK


async def test_pcscd_dying_in_a_session_leaves_doubt_and_the_next_session_works(
    bench: Bench, pcscd: PrivatePcscd, clock: RetryClock
) -> None:
    await pcscd.slots[0].insert(DemoCard())
    await wait_insertion(bench, 1)
    reader = bench.source.readers()[0]
    async with reader.open_session("one", deadline_s=10) as channel:
        assert await channel.transmit(SELECT_NHI) == OK
        await pcscd.kill()
        with pytest.raises(PcscUnavailable) as lost:
            await channel.transmit(GET_DATA)
    assert lost.value.retry is Retry.UNKNOWN
    await wait_all(bench.watching, ReaderState.UNAVAILABLE)
    with pytest.raises(ReaderUnavailable):
        async with reader.open_session("two", deadline_s=10):
            pass
    await clock.wait_asleep()
    await pcscd.start()
    await clock.wake()
    back = await wait_insertion(bench, 2)
    assert back.reader_id == reader.info.reader_id
    async with reader.open_session("three", deadline_s=10) as channel:
        assert await channel.transmit(SELECT_NHI) == OK


async def test_a_box_started_before_pcscd_finds_it_later(
    pcscd: PrivatePcscd, clock: RetryClock, caplog: pytest.LogCaptureFixture
) -> None:
    await pcscd.kill()
    source = PcscReaders(clock, allow_virtual=True)
    board = LiveBoard()
    CardDesk(board, clock, realm="test").watcher("pcsc", source)
    troubles: list[tuple[str, ...]] = []
    watching = Watching()
    with caplog.at_level(logging.INFO):
        task = asyncio.create_task(watching.follow(source))
        for _ in range(3):
            await clock.wake()
        await clock.wait_asleep()
        troubles.append(troubles_on(board))
        await pcscd.start()
        await clock.wake()
        await watching.wait_slots(2)
        troubles.append(troubles_on(board))
    task.cancel()
    await asyncio.wait({task})
    await source.close()
    assert troubles == [("GW-DEV-04",), ()]
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def troubles_on(board: LiveBoard) -> tuple[str, ...]:
    """What phones are told of transports that are away."""
    topic = board.snapshot()["cards"]
    assert isinstance(topic, CardsTopic)
    return topic.troubles


async def test_a_card_held_by_another_program_is_busy_and_then_free(
    bench: Bench, pcscd: PrivatePcscd
) -> None:
    await pcscd.slots[0].insert(DemoCard())
    await wait_insertion(bench, 1)
    reader = bench.source.readers()[0]
    # In a thread: the card that pcscd powers up now is in this one.
    code, context, other = await asyncio.to_thread(connect_shared)
    assert code == scard.SCARD_S_SUCCESS
    with pytest.raises(ReaderBusy) as refused:
        async with reader.open_session("one", deadline_s=10):
            pass
    assert refused.value.params == {"owner": "another program"}
    await asyncio.to_thread(scard.SCardDisconnect, other, scard.SCARD_RESET_CARD)
    scard.SCardReleaseContext(context)
    async with reader.open_session("two", deadline_s=10) as channel:
        assert await channel.transmit(SELECT_NHI) == OK
    assert reader.info.insertion == 1


async def test_no_other_program_gets_into_a_session(bench: Bench, pcscd: PrivatePcscd) -> None:
    await pcscd.slots[0].insert(DemoCard())
    await wait_insertion(bench, 1)
    async with bench.source.readers()[0].open_session("one", deadline_s=10) as channel:
        code, context, _ = await asyncio.to_thread(connect_shared)
        scard.SCardReleaseContext(context)
        assert code & 0xFFFFFFFF == 0x8010000B
        assert await channel.transmit(SELECT_NHI) == OK


async def test_a_slot_left_behind_by_its_deadline_sends_nothing_more(
    bench: Bench, pcscd: PrivatePcscd
) -> None:
    card = DemoCard()
    await pcscd.slots[0].insert(card)
    await wait_insertion(bench, 1)
    wire = Wire()
    await asyncio.to_thread(wire.connect, f"{READER_NAME} 00 00")
    wire.abandon()
    with pytest.raises(ScardError):
        await asyncio.to_thread(wire.converse, t0.exchange(SELECT_NHI, t0=False))
    await asyncio.to_thread(wire.release)
    assert card.executed == 0


async def test_a_reader_that_comes_between_listing_and_waiting_is_found(
    pcscd: PrivatePcscd, clock: RetryClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pcscd before 2.3 counts its readers anew at each call, and never tells of one that came just before."""
    list_all, listed = binding.list_readers, 0

    def list_one_at_first(context: int) -> list[str]:
        nonlocal listed
        listed += 1
        return list_all(context)[:listed]

    monkeypatch.setattr(binding, "list_readers", list_one_at_first)
    monkeypatch.setattr(monitor, "_FIRST_LOOK_MS", 50)
    source = PcscReaders(clock, allow_virtual=True)
    bench = Bench(source, pcscd.slots, clock)
    async with bench.watched():
        assert [info.state for info in bench.watching.told] == [ReaderState.EMPTY] * 2
    await source.close()


async def test_a_program_beside_pytest_reaches_the_pcscd_that_it_names(pcscd: PrivatePcscd) -> None:
    """As ``./dev readers`` and the benches do."""
    asking = (
        "import sys; from pathlib import Path; from tests.pcsc import clients_of\n"
        "from visitbridge.adapters.pcsc import binding\n"
        "with clients_of(Path(sys.argv[1])): print(len(binding.list_readers(binding.establish_context())))"
    )
    environment = {name: value for name, value in os.environ.items() if name != "PCSCLITE_CSOCK_NAME"}
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", asking, str(pcscd.socket_path)),
        cwd=Path(__file__).parents[3],
        env=environment,
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await program.communicate()
    assert said == b"2\n"


async def test_waiting_costs_nothing(bench: Bench) -> None:
    before, began_s = wake_ups(), time.monotonic()
    await asyncio.sleep(2)
    woken, took_s = wake_ups() - before, time.monotonic() - began_s
    # At most one wake-up a second for each of the two readers; the event loop's own timer is one more.
    assert woken <= 2 * took_s + 1


def resources() -> tuple[int, int]:
    """Threads and open descriptors of this process."""
    return len(names_in(Path("/proc/self/task"))), len(names_in(Path("/proc/self/fd")))


def names_in(folder: Path) -> list[str]:
    """Empty for a folder that is not there."""
    return [entry.name for entry in folder.iterdir()] if folder.exists() else []


async def test_insertions_leave_no_threads_or_descriptors_behind(bench: Bench, pcscd: PrivatePcscd) -> None:
    reader = bench.source.readers()[0]
    counts = []
    for number in range(1, 5):
        await pcscd.slots[0].insert(DemoCard())
        await wait_insertion(bench, number)
        async with reader.open_session("one", deadline_s=10) as channel:
            await channel.transmit(SELECT_NHI)
        counts.append(resources())
        await pcscd.slots[0].pull()
        await bench.watching.wait_told(lambda info: info.insertion > 0 and info.state is ReaderState.EMPTY)
    assert counts[1:] == [counts[0]] * 3


async def test_a_reader_is_asked_about_itself_and_leaves_its_card_alone(
    bench: Bench, pcscd: PrivatePcscd
) -> None:
    await pcscd.slots[0].insert(DemoCard())
    await wait_insertion(bench, 1)
    reader, empty = bench.source.readers()
    assert isinstance(reader, PcscReader)
    assert isinstance(empty, PcscReader)
    # vpcd has no attributes at all.
    assert await reader.read_facts() == await empty.read_facts() == ReaderFacts()
    async with reader.open_session("one", deadline_s=10) as channel:
        await channel.transmit(SELECT_NHI)
        with pytest.raises(ReaderBusy):
            await reader.read_facts()
        assert await channel.transmit(GET_DATA) == RECORD + OK


MODEL = f"{READER_NAME} ACR39U [CCID Interface]"


@pytest.mark.parametrize(
    ("before", "after", "moved_to"),
    [
        ((f"{MODEL} (1-0000:00:03.0-1)",), (f"{MODEL} (1-0000:00:03.0-2)",), 0),
        ((f"{MODEL} (A1)", f"{MODEL} (B2)"), (f"{MODEL} (B2)", f"{MODEL} (A1)"), 1),
        ((f"{MODEL} (A1)", f"{READER_NAME} IT-500U"), (f"{READER_NAME} IT-500U", f"{MODEL} (A1)"), 1),
    ],
    ids=["another USB path", "two of a model, swapped", "two models, swapped"],
)
async def test_a_reader_keeps_its_id_when_a_re_plug_renames_it(
    clock: RetryClock, before: tuple[str, ...], after: tuple[str, ...], moved_to: int
) -> None:
    """``moved_to``: which of the readers is afterwards the one that was first."""
    async with open_pcscd(slots=2 * len(before)) as pcscd:
        with clients_of(pcscd.socket_path):
            await rename(pcscd, before)
            source = PcscReaders(clock, allow_virtual=True)
            bench = Bench(source, pcscd.slots, clock)
            async with bench.watched():
                await pcscd.slots[0].insert(DemoCard())
                first = await wait_insertion(bench, 1)
                await pcscd.slots[0].pull()
                await wait_all(bench.watching, ReaderState.EMPTY)
                await rename(pcscd, after)
                await wait_all(bench.watching, ReaderState.UNAVAILABLE)
                await clock.wake()
                await wait_all(bench.watching, ReaderState.EMPTY)
                await pcscd.slots[2 * moved_to].insert(DemoCard())
                again = await wait_insertion(bench, 2)
            await source.close()
    assert (again.reader_id, again.name) == (first.reader_id, first.name)
    assert len(source.readers()) == 2 * len(before)


async def rename(pcscd: PrivatePcscd, names: Sequence[str]) -> None:
    """Start pcscd anew with its readers under other names, in the order of their slots."""
    await pcscd.kill()
    await asyncio.to_thread(_rename, pcscd.socket_path.parents[1] / "conf" / "readers", names)
    await pcscd.start()


def _rename(config: Path, names: Sequence[str]) -> None:
    told = iter(names)
    lines = config.read_text("utf-8").splitlines(keepends=True)
    config.write_text(
        "".join(
            f'FRIENDLYNAME "{next(told)}"\n' if line.startswith("FRIENDLYNAME") else line for line in lines
        ),
        "utf-8",
    )


async def test_as_many_readers_as_pcscd_can_hold_are_all_watched(clock: RetryClock) -> None:
    async with open_pcscd(slots=MOST_READERS) as pcscd:
        with clients_of(pcscd.socket_path):
            source = PcscReaders(clock, allow_virtual=True)
            bench = Bench(source, pcscd.slots, clock)
            async with bench.watched():
                await pcscd.slots[-1].insert(DemoCard())
                told = await wait_insertion(bench, 1)
            await source.close()
    assert len(bench.watching.newest()) == MOST_READERS
    assert told.reader_id == pcscd.slots[-1].reader_id


async def test_a_private_pcscd_leaves_nothing_behind(tmp_path: Path) -> None:
    log_path = tmp_path / "pcscd.log"
    async with open_pcscd(slots=3, log_path=log_path) as pcscd:
        work = pcscd.socket_path.parent.parent
        assert "pcscd.comm" in names_in(work / "run")
    assert names_in(work) == []
    assert b"daemon ready" in await asyncio.to_thread(log_path.read_bytes)


def test_a_private_pcscd_ends_with_its_owner_however_that_ends() -> None:
    with subprocess.Popen([sys.executable, "-c", _OWNER], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        work = Path(owner.stdout.readline().strip())
        processes = [process for process in Path("/proc").glob("[0-9]*") if _belongs_to(process, work)]
        pids = [os.pidfd_open(int(process.name)) for process in processes]
        owner.kill()
    # The namespace's own process and pcscd; a pidfd becomes readable when its process has ended.
    assert len(pids) == 2
    for pid in pids:
        assert select.select([pid], [], [], 10)[0] == [pid]
        os.close(pid)
    assert not work.exists()


def _belongs_to(process: Path, work: Path) -> bool:
    try:
        return str(work).encode() in (process / "cmdline").read_bytes()
    except OSError:
        return False


_OWNER = """
import asyncio
from visitbridge.sim.pcscd import open_pcscd
async def main():
    async with open_pcscd() as pcscd:
        print(pcscd.socket_path.parent.parent, flush=True)
        await asyncio.get_running_loop().create_future()
asyncio.run(main())
"""
