"""The simulated USB reader, asked as the kernel and libccid ask: control requests, CCID messages, notices, unplugging."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
from collections.abc import AsyncIterator

import pytest

from tests.contract.demo_card import ATR_T0, ATR_T1, GET_DATA, SELECT_NHI, DemoCard, pattern, read_pattern
from tests.patience import PATIENCE_S
from visitbridge.sim.usbip.ccid_reader import BULK_IN, BULK_OUT, INTERRUPT_IN, SimulatedUsbReader

SERIAL = "VB0001"
# USB 2.0 §9.6.1: 18 bytes, USB 2.0, class by interface, 64 bytes, 096E:061A release 2.00, strings 1 to 3, one configuration.
DEVICE = bytes.fromhex("12 01 0002 00 00 00 40 6E09 1A06 0002 01 02 03 01")
CONFIGURATION = bytes.fromhex(
    "09 02 5D00 01 01 00 80 32"
    "09 04 00 00 03 0B 00 00 04"
    # CCID Rev. 1.1 §5.1
    "36 21 0001 00 07 03000000 740E0000 740E0000 00 DA260000 48DB0400 00 FE000000 07000000 00000000 BE040400"
    "0F010000 FF FF 0000 00 01"
    "07 05 01 02 4000 00"
    "07 05 82 02 4000 00"
    "07 05 83 03 0800 10"
)
SERIAL_STRING = bytes.fromhex("0E03 56004200 3000 3000 3000 3100")
STALLED, NOT_LINKED = -32, -104

GET_DEVICE, GET_CONFIGURATION, GET_SERIAL = (
    "80 06 0001 0000 FFFF",
    "80 06 0002 0000 FFFF",
    "80 06 0303 0904 FFFF",
)
GET_USED_CONFIGURATION = "80 08 0000 0000 0100"
CONFIGURE = "00 09 0100 0000 0000"


class Kernel:
    """The other end of the cable."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._numbers = itertools.count(1)

    def submit(self, endpoint: int, *, length: int = 0, setup: str = "", data: bytes | None = None) -> int:
        """Hand a transfer over; its number."""
        number = next(self._numbers)
        is_in = data is None
        words = (
            1,
            number,
            0x10002,
            int(is_in),
            endpoint,
            0,
            length if data is None else len(data),
            0,
            0xFFFFFFFF,
            0,
        )
        head = b"".join(word.to_bytes(4, "big") for word in words)
        self._writer.write(head + (bytes.fromhex(setup) or bytes(8)) + (data or b""))
        return number

    def unlink(self, unlinked: int) -> int:
        """Take a transfer back."""
        number = next(self._numbers)
        self._writer.write(
            b"".join(word.to_bytes(4, "big") for word in (2, number, 0x10002, 0, 0, unlinked)) + bytes(24)
        )
        return number

    async def next_answer(self) -> tuple[int, int, int]:
        """Kind, number and status."""
        header = await asyncio.wait_for(self._reader.readexactly(48), PATIENCE_S)
        self.length = int.from_bytes(header[24:28], "big")
        status = int.from_bytes(header[20:24], "big", signed=True)
        return int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big"), status

    async def read(self, endpoint: int, *, length: int = 512, setup: str = "") -> bytes:
        """An IN transfer that succeeds."""
        number = self.submit(endpoint, length=length, setup=setup)
        assert await self.next_answer() == (3, number, 0)
        return await self._reader.readexactly(self.length)

    async def write(self, data: str | bytes, endpoint: int = BULK_OUT) -> None:
        """An OUT transfer that succeeds."""
        number = self.submit(endpoint, data=data if isinstance(data, bytes) else bytes.fromhex(data))
        assert await self.next_answer() == (3, number, 0)

    async def ask(self, message: str) -> bytes:
        """A CCID command and the reply."""
        await self.write(message)
        return await self.read(BULK_IN)

    async def transmit(self, apdu: bytes, *, level: str = "0000") -> bytes:
        """The reply to PC_to_RDR_XfrBlock."""
        return await self.ask(f"6F {len(apdu).to_bytes(4, 'little').hex()} 00 05 00 {level} {apdu.hex()}")


@pytest.fixture
def simulated() -> SimulatedUsbReader:
    return SimulatedUsbReader("FEITIAN bR301", "pcsc-1", serial=SERIAL)


@contextlib.asynccontextmanager
async def open_cable(simulated: SimulatedUsbReader) -> AsyncIterator[Kernel]:
    here, there = socket.socketpair()
    device_side = await asyncio.open_connection(sock=there)
    reader, writer = await asyncio.open_connection(sock=here)
    serving = asyncio.create_task(simulated.serve(*device_side))
    try:
        yield Kernel(reader, writer)
    finally:
        writer.close()
        await asyncio.wait_for(serving, PATIENCE_S)
        device_side[1].close()
        await device_side[1].wait_closed()


@pytest.fixture
async def unused(simulated: SimulatedUsbReader) -> AsyncIterator[Kernel]:
    async with open_cable(simulated) as kernel:
        yield kernel


@pytest.fixture
async def kernel(unused: Kernel) -> Kernel:
    """One that has configured the device, as it does before a driver comes."""
    await unused.read(0, length=0, setup=CONFIGURE)
    return unused


@pytest.mark.parametrize(
    ("setup", "descriptor"),
    [
        (GET_DEVICE, DEVICE),
        (GET_CONFIGURATION, CONFIGURATION),
        (GET_SERIAL, SERIAL_STRING),
        ("80 06 0003 0000 FFFF", bytes.fromhex("04030904")),
        ("80 06 0002 0000 0900", CONFIGURATION[:9]),
        ("80 00 0000 0000 0200", b"\0\0"),
        (GET_USED_CONFIGURATION, b"\0"),
        ("02 01 0000 8200 0000", b""),
    ],
    ids=[
        "device",
        "configuration",
        "serial",
        "languages",
        "first bytes",
        "status",
        "not configured",
        "unhalt",
    ],
)
async def test_control_requests_are_answered(unused: Kernel, setup: str, descriptor: bytes) -> None:
    assert await unused.read(0, setup=setup) == descriptor


@pytest.mark.parametrize(
    "setup",
    ["80 06 0006 0000 0A00", "80 06 0903 0904 FF00", "21 01 0000 0000 0000", "80 0A 0000 0000 0100"],
    ids=["qualifier", "unknown string", "class request", "unknown request"],
)
async def test_requests_without_an_answer_stall(unused: Kernel, setup: str) -> None:
    number = unused.submit(0, length=255, setup=setup)
    assert await unused.next_answer() == (3, number, STALLED)


async def test_a_transfer_to_an_endpoint_that_is_not_there_stalls(kernel: Kernel) -> None:
    number = kernel.submit(7, data=b"\0")
    assert await kernel.next_answer() == (3, number, STALLED)


async def test_a_configured_device_says_so(kernel: Kernel) -> None:
    assert await kernel.read(0, setup=GET_USED_CONFIGURATION) == b"\x01"


async def test_an_empty_slot_is_absent(kernel: Kernel) -> None:
    assert await kernel.ask("65 00000000 00 01 000000") == bytes.fromhex("81 00000000 00 01 02 00 00")
    assert await kernel.ask("62 00000000 00 02 000000") == bytes.fromhex("80 00000000 00 02 42 FE 00")


@pytest.mark.parametrize(
    ("atr", "protocol", "parameters"),
    [(ATR_T0, "00", "1100000A00"), (ATR_T1, "01", "11100015002000")],
    ids=["T=0", "T=1"],
)
async def test_a_card_is_powered_and_its_parameters_are_told_and_set(
    kernel: Kernel, simulated: SimulatedUsbReader, atr: bytes, protocol: str, parameters: str
) -> None:
    card = DemoCard(atr)
    await simulated.insert(card)
    assert await kernel.ask("65 00000000 00 01 000000") == bytes.fromhex("81 00000000 00 01 01 00 00")
    powered = await kernel.ask("62 00000000 00 02 000000")
    assert card.resets == 1
    assert powered == bytes.fromhex(f"80 {len(atr):02X}000000 00 02 00 00 00") + atr
    size = len(parameters) // 2
    told = bytes.fromhex(f"82 {size:02X}000000 00 03 00 00 {protocol} {parameters}")
    assert await kernel.ask("6C 00000000 00 03 000000") == told
    changed = f"18{parameters[2:]}"
    answer = await kernel.ask(f"61 {size:02X}000000 00 04 {protocol} 0000 {changed}")
    assert answer == bytes.fromhex(f"82 {size:02X}000000 00 04 00 00 {protocol} {changed}")
    assert await kernel.ask("6D 00000000 00 03 000000") == told
    assert await kernel.ask("63 00000000 00 06 000000") == bytes.fromhex("81 00000000 00 06 01 00 00")
    assert card.resets == 2


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("61 05000000 00 01 02 0000 0000000000", "82 00000000 00 01 40 07 00"),
        ("61 04000000 00 01 00 0000 00000000", "82 00000000 00 01 40 01 00"),
        ("6B 00000000 00 01 000000", "83 00000000 00 01 40 00 00"),
        ("72 00000000 00 01 000000", "81 00000000 00 01 40 00 00"),
    ],
    ids=["no such protocol", "parameters too short", "no escape", "no abort"],
)
async def test_what_the_reader_cannot_do_fails(
    kernel: Kernel, simulated: SimulatedUsbReader, command: str, reply: str
) -> None:
    await simulated.insert(DemoCard())
    await kernel.ask("62 00000000 00 00 000000")
    assert await kernel.ask(command) == bytes.fromhex(reply)


@pytest.mark.parametrize("command", ["6C 00000000 00 01 000000", "6D 00000000 00 01 000000"])
async def test_a_card_without_power_has_no_parameters(
    kernel: Kernel, simulated: SimulatedUsbReader, command: str
) -> None:
    await simulated.insert(DemoCard())
    assert await kernel.ask(command) == bytes.fromhex("82 00000000 00 01 41 FE 00")


async def test_long_commands_and_answers_go_in_chained_blocks(
    kernel: Kernel, simulated: SimulatedUsbReader
) -> None:
    """wLevelParameter and bChainParameter 1, 2 and 16 (§6.1.4, §6.2.1), as libccid sends them."""
    await simulated.insert(DemoCard(ATR_T1))
    await kernel.ask("62 00000000 00 01 000000")
    apdu = bytes.fromhex("00B0012C00012C") + bytes(300) + b"\0\0"
    assert await kernel.transmit(apdu[:261], level="0100") == bytes.fromhex("80 00000000 00 05 00 00 10")
    first = await kernel.transmit(apdu[261:], level="0200")
    assert first == bytes.fromhex("80 05010000 00 05 00 00 01") + pattern(300)[:261]
    last = await kernel.transmit(b"", level="1000")
    assert last == bytes.fromhex("80 29000000 00 05 00 00 02") + pattern(300)[261:] + b"\x90\x00"


async def test_a_command_may_come_in_several_transfers_and_a_reply_leave_in_several(
    kernel: Kernel, simulated: SimulatedUsbReader
) -> None:
    await simulated.insert(DemoCard())
    await kernel.write("62 00000000 00")
    await kernel.write("01 000000")
    reply = bytes.fromhex("80 0D000000 00 01 00 00 00") + ATR_T0
    assert await kernel.read(BULK_IN, length=8) == reply[:8]
    assert await kernel.read(BULK_IN, length=64) == reply[8:]


async def test_bytes_that_are_no_command_are_not_answered(kernel: Kernel) -> None:
    await kernel.write("FF 00000000 00 01 000000")
    assert await kernel.ask("65 00000000 00 02 000000") == bytes.fromhex("81 00000000 00 02 02 00 00")


async def test_notices_wait_for_the_host_and_only_the_newest_does(
    kernel: Kernel, simulated: SimulatedUsbReader
) -> None:
    await simulated.insert(DemoCard())
    await simulated.pull()
    assert await kernel.read(INTERRUPT_IN, length=8) == b"\x50\x02"
    number = kernel.submit(INTERRUPT_IN, length=8)
    assert await kernel.ask("65 00000000 00 01 000000") == bytes.fromhex("81 00000000 00 01 02 00 00")
    await simulated.insert(DemoCard())
    assert await kernel.next_answer() == (3, number, 0)


async def test_a_card_that_was_in_before_the_reader_was_plugged_in_is_told_of(
    simulated: SimulatedUsbReader,
) -> None:
    await simulated.insert(DemoCard())
    async with open_cable(simulated) as kernel:
        await kernel.read(0, length=0, setup=CONFIGURE)
        assert await kernel.read(INTERRUPT_IN, length=8) == b"\x50\x03"


async def test_a_transfer_taken_back_gets_nothing(kernel: Kernel, simulated: SimulatedUsbReader) -> None:
    asked = kernel.submit(INTERRUPT_IN, length=8)
    number = kernel.unlink(asked)
    assert await kernel.next_answer() == (4, number, NOT_LINKED)
    await simulated.insert(DemoCard())
    number = kernel.unlink(asked)
    assert await kernel.next_answer() == (4, number, 0)
    assert await kernel.read(INTERRUPT_IN, length=8) == b"\x50\x03"


async def test_a_held_answer_comes_when_it_may(kernel: Kernel, simulated: SimulatedUsbReader) -> None:
    card = DemoCard()
    await simulated.insert(card)
    await kernel.ask("62 00000000 00 01 000000")
    simulated.hold_answers()
    await kernel.write("6F 15000000 00 05 00 0000" + SELECT_NHI.hex())
    number = kernel.submit(BULK_IN, length=64)
    await card.wait_executed(1)
    simulated.give_answers()
    assert await kernel.next_answer() == (3, number, 0)
    assert kernel.length == 12


async def test_a_card_pulled_during_a_command_is_absent_in_the_reply(
    kernel: Kernel, simulated: SimulatedUsbReader
) -> None:
    card = DemoCard()
    await simulated.insert(card)
    await kernel.ask("62 00000000 00 01 000000")
    simulated.hold_answers()
    await kernel.write("6F 15000000 00 05 00 0000" + SELECT_NHI.hex())
    await card.wait_executed(1)
    await simulated.pull()
    assert await kernel.read(BULK_IN) == bytes.fromhex("80 00000000 00 05 42 FE 00")


async def test_a_reader_plugged_in_again_has_forgotten_everything(simulated: SimulatedUsbReader) -> None:
    """The power of its card, a command in hand, half a command, and what the host asked."""
    card = DemoCard()
    await simulated.insert(card)
    async with open_cable(simulated) as kernel:
        await kernel.read(0, length=0, setup=CONFIGURE)
        await kernel.ask("62 00000000 00 01 000000")
        assert await kernel.read(INTERRUPT_IN, length=8) == b"\x50\x03"
        kernel.submit(INTERRUPT_IN, length=8)
        simulated.hold_answers()
        await kernel.write("6F 15000000 00 05 00 0000" + SELECT_NHI.hex())
        await kernel.write("65 0000")
        await card.wait_executed(1)
    simulated.give_answers()
    async with open_cable(simulated) as kernel:
        assert await kernel.read(0, setup=GET_USED_CONFIGURATION) == b"\0"
        await kernel.read(0, length=0, setup=CONFIGURE)
        assert await kernel.ask("65 00000000 00 01 000000") == bytes.fromhex("81 00000000 00 01 01 00 00")
        refused = await kernel.transmit(GET_DATA)
        assert refused == bytes.fromhex("80 00000000 00 05 41 FE 00")
    assert card.executed == 1


async def test_blocks_of_a_command_before_and_after_an_unplugging_are_none(
    simulated: SimulatedUsbReader,
) -> None:
    await simulated.insert(DemoCard(ATR_T1))
    async with open_cable(simulated) as kernel:
        await kernel.read(0, length=0, setup=CONFIGURE)
        await kernel.ask("62 00000000 00 01 000000")
        await kernel.transmit(read_pattern(3), level="0100")
    async with open_cable(simulated) as kernel:
        await kernel.read(0, length=0, setup=CONFIGURE)
        await kernel.ask("62 00000000 00 01 000000")
        answer = await kernel.transmit(GET_DATA, level="0200")
    assert answer == bytes.fromhex("80 02000000 00 05 00 00 00 6985")


async def test_two_cards_are_apart_by_the_shortest_absence(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr("visitbridge.sim.usbip.ccid_reader.asyncio.sleep", sleep)
    simulated = SimulatedUsbReader("FEITIAN bR301", "pcsc-1", serial=SERIAL, shortest_absence_s=5)
    await simulated.insert(DemoCard())
    await simulated.insert(DemoCard())
    assert slept[0] < 0 < slept[1] <= 5
