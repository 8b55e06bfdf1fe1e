"""The whole modem side on a pseudo-terminal: virtual modem, real adapter, real services, hurried policies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.adapters.modem.bench import CLOCK, eventually, quick
from visitbridge.adapters.modem.at_modem import AtModem
from visitbridge.adapters.modem.places import LinkedPort
from visitbridge.domain.modem import ApnAuth, Bearer, ModemState
from visitbridge.ports.store import Store
from visitbridge.services.activity import Activity
from visitbridge.services.live import LiveBoard
from visitbridge.services.modem.hooks import Hooks
from visitbridge.services.modem.ladder import PATIENCE_S, RULES, Ladder, LadderPolicy, RungRule
from visitbridge.services.modem.pin import SimPin
from visitbridge.services.modem.policy import WatchPolicy
from visitbridge.services.modem.recovery import Recovery, rungs_of
from visitbridge.services.modem.topic import ModemTopic
from visitbridge.services.modem.watch import ModemWatch
from visitbridge.sim.modem import Cure, ModemSetup, VirtualModem

LADDER = LadderPolicy(
    rules={rung: RungRule(patience_s=0.3, at_most_every_s=0.3) for rung in RULES},
    patience_s=dict.fromkeys(PATIENCE_S, 0.1),
    healthy_s=0.5,
)
WATCH = WatchPolicy(
    look_well_s=0.1,
    look_ill_s=0.05,
    look_silent_s=0.05,
    look_absent_s=0.02,
    look_gap_s=0.005,
    activate_again_s=0.1,
)
DISTURBING = ("AT+CGATT=0", "AT+CFUN=0", "AT+CFUN=1,1")


class HurriedClock:
    """Real time, ``factor`` times as fast: deadlines that nobody meets pass sooner."""

    def __init__(self, factor: float) -> None:
        self._factor = factor

    def monotonic(self) -> float:
        return CLOCK.monotonic() * self._factor

    async def wait_until(self, monotonic_s: float) -> None:
        await CLOCK.wait_until(monotonic_s / self._factor)


class ModemBench:
    """``path_silent`` and ``link_up`` play the link watch; ``states`` is every state published, in order."""

    def __init__(
        self,
        folder: Path,
        store: Store,
        setup: ModemSetup,
        *,
        pin: str = "",
        hooks: bool = True,
        hurry: float = 1.0,
    ) -> None:
        self.virtual = VirtualModem(folder / "modem-at", setup)
        self.activity = Activity()
        self.board = LiveBoard()
        self.path_silent = False
        self.link_up = False
        self.states: list[ModemState] = []
        self.power_cuts = 0
        self.reboots = 0
        modem = AtModem(
            LinkedPort(self.virtual.link, allow_virtual=True), quick(setup.family), HurriedClock(hurry)
        )
        found = Hooks(power=self._cut_power, reboot=self._reboot) if hooks else Hooks()
        self.recovery = Recovery(
            modem,
            store,
            CLOCK,
            self.activity,
            ladder=Ladder(LADDER, rungs_of(found), jitter=lambda: 0.0),
            hooks=found,
            link_is_up=lambda: self.link_up,
        )
        self.watch = ModemWatch(
            modem,
            self.board,
            CLOCK,
            bearer=Bearer(
                apn=setup.apn,
                auth=ApnAuth.CHAP if setup.user else ApnAuth.NONE,
                user=setup.user,
                password=setup.password,
            ),
            pin=SimPin(store, pin),
            path=self,
            recovery=self.recovery,
            host_has_address=lambda: self.virtual.carries_traffic or self.path_silent,
            policy=WATCH,
        )
        self.watch.when_changed(lambda: self.states.append(self.watch.state))

    def silent_beyond_modem(self) -> bool:
        return self.path_silent and not self.virtual.carries_traffic

    @property
    def commands(self) -> list[str]:
        return self.virtual.commands

    @property
    def disturbances(self) -> list[str]:
        """Commands received that take the link down."""
        return [line for line in self.commands if line in DISTURBING]

    @property
    def topic(self) -> ModemTopic:
        topic = self.board.snapshot()["modem"]
        assert isinstance(topic, ModemTopic)
        return topic

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Run the watch, as the daemon does from one start to its stop."""
        task = asyncio.ensure_future(self.watch.run(lambda: None))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})
            if not task.cancelled():
                task.result()

    async def until(self, state: ModemState) -> None:
        await eventually(lambda: self.watch.state is state)

    async def _cut_power(self) -> None:
        self.power_cuts += 1
        self.virtual.restart(Cure.POWER)

    async def _reboot(self) -> None:
        self.reboots += 1


@asynccontextmanager
async def open_modem_bench(
    folder: Path,
    store: Store,
    setup: ModemSetup | None = None,
    *,
    pin: str = "",
    hooks: bool = True,
    plugged_in: bool = True,
    hurry: float = 1.0,
) -> AsyncIterator[ModemBench]:
    """``hurry``: how much faster the adapter's deadlines pass than real time."""
    bench = ModemBench(folder, store, setup or ModemSetup(), pin=pin, hooks=hooks, hurry=hurry)
    if plugged_in:
        bench.virtual.plug_in()
    try:
        async with bench.watching():
            yield bench
    finally:
        bench.virtual.unplug()
