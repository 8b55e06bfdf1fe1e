"""Service: bring the modem to a data connection, notice when it is gone, and climb the recovery ladder.

The loop looks at the modem, decides, acts, and waits for news or for the next look. Nothing that disturbs the
link is done while a card session or an upload is open.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from visitbridge.domain.modem import Bearer, ModemIdentity, ModemState, SimState
from visitbridge.errors import ModemAbsent, ModemRefused, ModemSilent, Retry, StoreError
from visitbridge.ports.clock import Clock
from visitbridge.ports.modem import Modem, ModemNews, ModemSession
from visitbridge.protocols.at.cme import ABOUT_THE_SIM
from visitbridge.runtime.waiting import wait_at_most
from visitbridge.services.live import LiveBoard
from visitbridge.services.modem.chores import Chore, Chores
from visitbridge.services.modem.ladder import STUCK, Symptom
from visitbridge.services.modem.pin import PinOutcome, SimPin
from visitbridge.services.modem.policy import WatchPolicy
from visitbridge.services.modem.reading import Reading, read_modem
from visitbridge.services.modem.recovery import Recovery
from visitbridge.services.modem.topic import ModemTopic, topic_of

log = logging.getLogger(__name__)


class Path(Protocol):
    """What the link watch knows of the way beyond the modem."""

    def silent_beyond_modem(self) -> bool:
        """Whether nothing at all comes back through a modem that says it is connected."""
        ...


class ModemWatch:
    """``bearer``: the contract's data connection. ``host_has_address``: whether the interface behind it has one."""

    name = "modem"
    critical = False

    def __init__(
        self,
        modem: Modem,
        board: LiveBoard,
        clock: Clock,
        *,
        bearer: Bearer,
        pin: SimPin,
        path: Path,
        recovery: Recovery,
        host_has_address: Callable[[], bool],
        policy: WatchPolicy,
    ) -> None:
        self._modem = modem
        self._board = board
        self._clock = clock
        self._bearer = bearer
        self._pin = pin
        self._path = path
        self._recovery = recovery
        self._host_has_address = host_has_address
        self._policy = policy
        self._state = ModemState.STARTING
        self._reading: Reading | None = None
        self._identity: ModemIdentity | None = None
        self._refused_cme: int | None = None
        self._pin_outcome: PinOutcome | None = None
        self._activated_at_s: float | None = None
        self._defined = False
        self._attach_anew = False
        self._news = asyncio.Event()
        self._lost = False
        self._chores = Chores(clock)
        self._on_change: list[Callable[[], None]] = []
        self._publish()

    @property
    def state(self) -> ModemState:
        return self._state

    @property
    def reading(self) -> Reading | None:
        return self._reading

    @property
    def pin_outcome(self) -> PinOutcome | None:
        """What came of the SIM's PIN the last time it was asked for."""
        return self._pin_outcome

    @property
    def refused_cme(self) -> int | None:
        """3GPP number of the refusal that stopped the data connection for good."""
        return self._refused_cme

    def when_changed(self, listener: Callable[[], None]) -> None:
        self._on_change.append(listener)

    def add_chore(self, chore: Chore) -> None:
        self._chores.add(chore)

    def look_now(self) -> None:
        """Something may have changed: the path, the host's interface, a person's mind."""
        self._news.set()

    def try_again(self) -> None:
        """A person changed something: forget a refusal for good."""
        self._refused_cme = None
        self.look_now()

    async def run(self, ready: Callable[[], None]) -> None:
        await self._recovery.load()
        ready()
        while True:
            try:
                await self._meet()
            except StoreError as exc:
                # What must be durable first, such as a PIN's being sent or a reboot, is not done on a full disk.
                log.error("modem: %s", exc)
                await self._rest(self._policy.look_silent_s)

    async def _meet(self) -> None:
        """Wait for the modem and attend it until it goes away or falls silent."""
        try:
            await self._wait_present()
            async with self._modem.open_session() as session:
                await self._attend(session)
        except ModemAbsent as exc:
            log.info("modem: %s", exc)
            self._enter(ModemState.ABSENT)
            await self._rest(self._policy.look_absent_s)
        except (ModemSilent, ModemRefused) as exc:
            log.warning("modem: %s", exc)
            self._enter(ModemState.SILENT)
            await self._try_silent()

    async def _wait_present(self) -> None:
        if self._modem.is_present():
            return
        while not self._modem.is_present():
            self._enter(ModemState.ABSENT)
            await self._recovery.attempt(Symptom.ABSENT, None)
            await self._rest(self._policy.look_absent_s)
        self._enter(ModemState.STARTING)

    async def _try_silent(self) -> None:
        try:
            await self._recovery.attempt(Symptom.SILENT, None)
        except (ModemAbsent, ModemSilent) as exc:
            log.info("modem: %s", exc)
        await self._rest(self._policy.look_silent_s)

    async def _attend(self, session: ModemSession) -> None:
        """Look, decide, act, wait; ends with ModemAbsent or ModemSilent."""
        self._lost = False
        session.when_told(self._take_news)
        self._identity = await session.identity()
        self._reading = None
        self._refused_cme = None
        self._activated_at_s = None
        self._defined = False
        # LTE attaches with the first context, so it is told before the radio is on.
        await self._define(session)
        await self._try(session.radio_on())
        while True:
            if self._lost:
                raise ModemAbsent("left the bus")
            if not self._defined:
                await self._define(session)
            self._reading = await read_modem(
                session, self._bearer, self._host_has_address, last=self._reading
            )
            self._settle(self._reading)
            registration = self._reading.registration
            if self._attach_anew and self._defined and registration is not None and registration.has_data:
                await self._try(session.reattach())
                self._attach_anew = False
                continue
            wait_s = await self._act(session)
            wait_s = min(wait_s, await self._chores.run_due(session))
            await self._rest(wait_s)

    def _settle(self, reading: Reading) -> None:
        state = reading.state
        if state is ModemState.DATA_UP or reading.sim is not SimState.READY:
            self._refused_cme = None
        elif state is ModemState.REGISTERED and self._refused_cme is not None:
            state = ModemState.REFUSED
        if state is ModemState.SIM_PIN and self._pin_outcome in (None, PinOutcome.ENTERED):
            # The box opens it by itself, if it may; before that is known there is nothing for a person to do.
            state = ModemState.STARTING
        self._enter(state)

    async def _act(self, session: ModemSession) -> float:
        """Do what the state asks for; seconds until the next look."""
        if self._reading is not None and self._reading.sim is SimState.PIN:
            self._pin_outcome = await self._pin.enter(session)
            if self._pin_outcome is PinOutcome.ENTERED:
                # Not at once: some modems ask for it a while longer, and tell by themselves when they do not.
                return self._policy.look_absent_s
            self._enter(ModemState.SIM_PIN)
            return self._policy.look_well_s
        if self._state is ModemState.REGISTERED and self._may_activate():
            await self._activate(session)
            return 0.0
        if self._state is ModemState.DATA_UP and not self._path.silent_beyond_modem():
            self._recovery.note_healthy()
            return self._policy.look_well_s
        symptom = Symptom.NO_TRAFFIC if self._state is ModemState.DATA_UP else STUCK.get(self._state)
        if symptom is None:
            return self._policy.look_well_s
        if not await self._recovery.attempt(symptom, session):
            return self._policy.look_ill_s
        self._activated_at_s = None
        return 0.0

    def _may_activate(self) -> bool:
        reading = self._reading
        if not self._defined or reading is None or reading.bearer is None or reading.bearer.active:
            return False
        now_s = self._clock.monotonic()
        return self._activated_at_s is None or now_s - self._activated_at_s >= self._policy.activate_again_s

    async def _activate(self, session: ModemSession) -> None:
        self._activated_at_s = self._clock.monotonic()
        await self._try(session.activate(self._bearer.context))

    async def _try(self, step: Awaitable[None]) -> None:
        """A modem that refuses a step answers; what is left to do shows at the next look."""
        try:
            await step
        except ModemRefused as exc:
            self._take_refusal(exc)

    async def _define(self, session: ModemSession) -> None:
        """Tell the modem APN and account. Some take them only once the SIM is open; then the next look tries again."""
        try:
            if not await session.knows_bearer(self._bearer):
                # Noted before: were the answer lost, the next session would find the APN stored and the modem attached without.
                self._attach_anew = True
                await session.define_bearer(self._bearer)
            await session.authenticate(self._bearer)
            self._defined = True
        except ModemRefused as exc:
            self._take_refusal(exc)

    def _take_refusal(self, refusal: ModemRefused) -> None:
        log.warning("data connection: %s", refusal)
        if refusal.retry is Retry.NEVER and refusal.cme not in ABOUT_THE_SIM:
            self._refused_cme = refusal.cme or 0

    def _take_news(self, news: ModemNews) -> None:
        if news in (ModemNews.LOST, ModemNews.RESTARTED):
            self._lost = True
        if news in (ModemNews.TIME, ModemNews.REGISTRATION):
            self._chores.all_due()
        self._news.set()

    async def _rest(self, seconds: float) -> None:
        """Until there is news or the time is up, but never so briefly that a storm of news keeps us busy.

        News of while nobody rested counts.
        """
        pause_s = min(seconds, self._policy.look_gap_s)
        await self._clock.wait_until(self._clock.monotonic() + pause_s)
        if seconds > pause_s:
            await wait_at_most(self._clock, self._news.wait(), seconds - pause_s)
        self._news.clear()

    def _enter(self, state: ModemState) -> None:
        changed = state is not self._state
        if state in (ModemState.ABSENT, ModemState.SILENT):
            self._reading = None
        if changed:
            log.info("modem %s", state)
            self._state = state
        self._publish()
        if changed:
            for listener in self._on_change:
                listener()

    def _publish(self) -> None:
        self._board.put("modem", self.topic())

    def topic(self) -> ModemTopic:
        return topic_of(
            self._state,
            self._reading,
            self._identity,
            climb=self._recovery.last,
            refused_cme=self._refused_cme,
        )
