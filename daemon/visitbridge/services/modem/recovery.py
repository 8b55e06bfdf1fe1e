"""Climbing the recovery ladder: only when nothing is open that it would disturb, and never restarting a box whose link
is up by another way.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable

import msgspec

from visitbridge.errors import DeviceError, ModemRefused
from visitbridge.ports.clock import Clock
from visitbridge.ports.modem import Modem, ModemSession
from visitbridge.ports.store import Store
from visitbridge.services.activity import Activity
from visitbridge.services.modem.hooks import Hooks
from visitbridge.services.modem.ladder import Ladder, Rung, Symptom

log = logging.getLogger(__name__)

_SETTING = "modem.rebooted_at"


class Climb(msgspec.Struct, frozen=True, kw_only=True):
    rung: Rung
    at: dt.datetime


def rungs_of(hooks: Hooks) -> set[Rung]:
    """What a box with these hooks can do."""
    rungs = {Rung.REATTACH, Rung.RADIO, Rung.RESET}
    if hooks.power is not None:
        rungs.add(Rung.POWER)
    if hooks.reboot is not None:
        rungs.add(Rung.REBOOT)
    return rungs


class Recovery:
    """Call :meth:`load` once first: how recently the box was rebooted has to survive the reboot.

    ``link_is_up``: whether the data centre answers, by whichever uplink.
    """

    def __init__(
        self,
        modem: Modem,
        store: Store,
        clock: Clock,
        activity: Activity,
        *,
        ladder: Ladder,
        hooks: Hooks,
        link_is_up: Callable[[], bool],
    ) -> None:
        self._modem = modem
        self._store = store
        self._clock = clock
        self._activity = activity
        self._ladder = ladder
        self._hooks = hooks
        self._link_is_up = link_is_up
        self.last: Climb | None = None

    async def load(self) -> None:
        text = await self._store.read(lambda tx: tx.settings.get(_SETTING))
        if text is not None:
            # A wall clock that stands before the reboot is wrong; then the reboot counts as just done.
            age_s = max(0.0, (self._clock.now() - dt.datetime.fromisoformat(text)).total_seconds())
            self._ladder.remember(Rung.REBOOT, self._clock.monotonic() - age_s)

    def note_healthy(self) -> None:
        self._ladder.note_healthy(self._clock.monotonic())

    async def attempt(self, symptom: Symptom, session: ModemSession | None) -> bool:
        """Climb the rung that is due, if any; whether one was climbed.

        Raises ModemAbsent and ModemSilent from a modem that went away on the rung.
        """
        now_s = self._clock.monotonic()
        rung = self._ladder.due(symptom, now_s, spare_box=self._link_is_up())
        if rung is None:
            return False
        if not self._activity.is_idle:
            log.info("modem recovery waits for %s", ", ".join(self._activity.open()))
            return False
        log.warning("modem recovery: %s for %s", rung.name.lower(), symptom)
        self._ladder.climbed(rung, now_s)
        self.last = Climb(rung=rung, at=self._clock.now())
        try:
            await self._climb(rung, session)
        except ModemRefused as exc:
            log.warning("modem recovery: %s", exc)
        return True

    async def _climb(self, rung: Rung, session: ModemSession | None) -> None:
        match rung:
            case Rung.REATTACH if session is not None:
                await session.reattach()
            case Rung.RADIO if session is not None:
                await session.cycle_radio()
            case Rung.RESET:
                await (self._modem.force_reset() if session is None else session.reset())
            case Rung.POWER:
                await self._run_hook(rung)
            case Rung.REBOOT:
                now = self._clock.now().isoformat()
                await self._store.write(lambda tx: tx.settings.set(_SETTING, now))
                await self._run_hook(rung)

    async def _run_hook(self, rung: Rung) -> None:
        hook = self._hooks.power if rung is Rung.POWER else self._hooks.reboot
        if hook is None:
            return
        try:
            await hook()
        except DeviceError as exc:
            log.error("modem recovery: %s", exc)
