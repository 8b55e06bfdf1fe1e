"""A modem that lives by a script: each step at its command or its time, played against the real services."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from tests.adapters.modem.bench import eventually
from tests.services.modem.bench import ModemBench
from visitbridge.adapters.modem.places import LinkedPort
from visitbridge.domain.modem import ModemState
from visitbridge.errors import ConfigError
from visitbridge.ports.store import Store
from visitbridge.sim.modem import FaultKind, Player, read_script

A_BAD_DAY = """
[setup]
family = "ec25"
sim_pin = "1234"

[[step]]
on = "AT+CGACT=1"
nth = 1
do = "begin"
fault = "pdp_stuck"
cure = "radio"

[[step]]
do = "drop_bearer"

[[step]]
on = "AT+CFUN=1"
do = "say"
line = "+CGEV: NW MODIFY 1,0"

[[step]]
on = "AT+CGCONTRDP=1"
after_s = 0.01
do = "restart"
"""


async def test_a_scripted_day_is_lived_through(tmp_path: Path, store: Store) -> None:
    file = tmp_path / "day.toml"
    file.write_text(A_BAD_DAY, "utf-8")
    script = read_script(file)
    bench = ModemBench(tmp_path, store, script.setup, pin="1234")
    player = Player(bench.virtual, script)
    async with bench.virtual.open(), bench.watching():
        player.start()
        await eventually(lambda: player.is_over)
        await eventually(lambda: ModemState.ABSENT in bench.states[2:])
        await eventually(lambda: bench.watch.state is ModemState.DATA_UP)
        player.stop()

    assert FaultKind.PDP_STUCK not in bench.virtual.faults
    assert bench.virtual.restarts == 1


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[[step]]\ndo = 'explode'", "do"),
        ("[[step]]\ndo = 'begin'", "needs a fault"),
        ("[[step]]\ndo = 'begin'\nfault = 'sleepy'", "fault"),
        ("[setup]\nbrand = 'x'", "brand"),
        ("x = [", "day.toml"),
    ],
)
def test_a_script_that_cannot_be_played_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "day.toml"
    file.write_text(text, "utf-8")

    with pytest.raises(ConfigError, match=problem):
        read_script(file)


async def test_the_modem_runs_by_itself(tmp_path: Path) -> None:
    link = tmp_path / "modem-at"
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "visitbridge.sim.modem", str(link))
    try:
        await eventually(lambda: LinkedPort(link, allow_virtual=True).at_port() is not None)
    finally:
        process.terminate()
        await process.wait()
