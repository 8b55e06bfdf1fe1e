"""A receiver on a serial port of its own, played by a pseudo-terminal."""

from __future__ import annotations

import asyncio
import os
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.modem.bench import CLOCK
from tests.protocols.test_nmea import TAIPEI_GGA, TAIPEI_RMC, sentence
from visitbridge.adapters.modem.nmea_port import NmeaListener
from visitbridge.adapters.modem.places import LinkedPort
from visitbridge.domain.position import Fix
from visitbridge.errors import ModemAbsent

NO_FIX = sentence("GNRMC,013020.00,V,,,,,,,221126,,,N")


class Receiver:
    """The far end of a terminal."""

    def __init__(self) -> None:
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.path = Path(os.ttyname(self.slave))

    def say(self, *lines: str) -> None:
        os.write(self.master, "".join(f"{line}\r\n" for line in lines).encode())


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    os.close(made.slave)
    os.close(made.master)


class _Telling:
    """Opens the port and lets the receiver speak once it is listened to."""

    def __init__(self, receiver: Receiver, *lines: str) -> None:
        self.receiver = receiver
        self.lines = lines

    def at_port(self) -> Path | None:
        asyncio.get_running_loop().call_later(0.02, self.receiver.say, *self.lines)
        return self.receiver.path


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ((TAIPEI_GGA, TAIPEI_RMC), 1),
        (("garbage", TAIPEI_GGA, "$GPGSV,1*00", TAIPEI_RMC, TAIPEI_GGA, TAIPEI_RMC), 1),
        ((TAIPEI_RMC, TAIPEI_GGA), 1),
        ((TAIPEI_RMC,), 0),
        ((NO_FIX, NO_FIX), 0),
        ((TAIPEI_GGA.replace("2501", "2502"), TAIPEI_RMC), 0),
        ((), 0),
    ],
    ids=["fix", "among noise", "quality second", "without its quality", "no fix", "damaged", "silence"],
)
async def test_a_fix_with_its_accuracy_is_taken(
    receiver: Receiver, lines: tuple[str, ...], found: int
) -> None:
    fixes: list[Fix] = []
    listener = NmeaListener(_Telling(receiver, *lines), CLOCK, fixes.append, window_s=0.3)

    await listener.listen()

    assert len(fixes) == found
    assert [fix.accuracy_m for fix in fixes] == [6.0] * found


async def test_no_receiver(tmp_path: Path) -> None:
    with pytest.raises(ModemAbsent):
        await NmeaListener(LinkedPort(tmp_path / "nothing"), CLOCK, lambda _: None).listen()
