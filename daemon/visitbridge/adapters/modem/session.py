"""A modem that answers: ``ports.modem.ModemSession`` in 3GPP TS 27.007 commands and the profile's dialect."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec

from visitbridge.adapters.modem.channel import AtChannel
from visitbridge.adapters.modem.gnss import quectel_fix, simcom_fix
from visitbridge.adapters.modem.profiles import ClockDialect, ModemProfile
from visitbridge.domain.modem import (
    ApnAuth,
    Bearer,
    BearerState,
    ModemIdentity,
    Registration,
    Signal,
    SimState,
)
from visitbridge.domain.position import Fix
from visitbridge.errors import ModemRefused, ModemSilent, Retry, SimPinRefused
from visitbridge.ports.modem import ModemNews
from visitbridge.protocols.at import answers
from visitbridge.protocols.at.cme import (
    INCORRECT_PASSWORD,
    SIM_BUSY,
    SIM_FAILURE,
    SIM_NOT_INSERTED,
    SIM_PIN_REQUIRED,
    SIM_PUK_REQUIRED,
    SIM_WRONG,
    CmeClass,
    class_of,
    name_of,
)
from visitbridge.protocols.at.commands import Command, Final, Reply, order, query
from visitbridge.protocols.at.fields import Garbled
from visitbridge.protocols.at.network_time import network_time, quectel_network_time
from visitbridge.runtime.waiting import Waiter

T = TypeVar("T")
LinesT = TypeVar("LinesT", str, tuple[str, ...])

_ATTACH_DEADLINE_S = 75.0
_ACTIVATE_DEADLINE_S = 150.0
_RADIO_DEADLINE_S = 15.0
_AUTH_NUMBERS = {ApnAuth.NONE: 0, ApnAuth.PAP: 1, ApnAuth.CHAP: 2}

_SIM_BY_ERROR = {
    SIM_NOT_INSERTED: SimState.ABSENT,
    SIM_PIN_REQUIRED: SimState.PIN,
    SIM_PUK_REQUIRED: SimState.PUK,
    SIM_FAILURE: SimState.FAILED,
    SIM_BUSY: SimState.BUSY,
    SIM_WRONG: SimState.FAILED,
}

_NEWS: tuple[tuple[tuple[str, ...], ModemNews], ...] = (
    (("+CREG:", "+CGREG:", "+CEREG:"), ModemNews.REGISTRATION),
    (("+CPIN:", "+SIMCARD:", "+QSIMSTAT:", "+CSIM:"), ModemNews.SIM),
    (("+CGEV:", "NO CARRIER", "+QNETDEVSTATUS:"), ModemNews.BEARER),
    (("+CTZV:", "+CTZE:", "*PSUTTZ:", "+CTZDST:", "+QNITZ:"), ModemNews.TIME),
    (("RDY", "START", "POWERED DOWN", "NORMAL POWER DOWN"), ModemNews.RESTARTED),
)

RESET = "AT+CFUN=1,1"

_CLOCKS: Mapping[ClockDialect, tuple[Command, Callable[[str], dt.datetime | None]]] = {
    "standard": (query("+CCLK"), network_time),
    "quectel": (Command(text="AT+QLTS=1", prefix="+QLTS:", lines="one"), quectel_network_time),
}

_SETUP = (
    "AT+CMEE=1",
    "AT+CREG=1",
    "AT+CEREG=1",
    "AT+CGEREP=2,0",
    "AT+CTZU=1",
    "AT+CTZR=1",
)


class AtSession:
    """Made by ``AtModem.open_session``."""

    def __init__(self, channel: AtChannel, profile: ModemProfile, clock: Waiter) -> None:
        self._channel = channel
        self._profile = profile
        self._clock = clock
        self._listeners: list[Callable[[ModemNews], None]] = []
        channel.listen(on_urc=self._take_urc, on_lost=lambda: self._tell(ModemNews.LOST))

    def when_told(self, listener: Callable[[ModemNews], None]) -> None:
        self._listeners.append(listener)

    async def set_up(self) -> None:
        """Numbers for errors, messages about registration, data, time. Older firmware lacks some of it."""
        for text in (*_SETUP, *self._profile.setup):
            await self.ask(order(text))

    async def identity(self) -> ModemIdentity:
        maker, model, firmware = [
            await self.ask(Command(text=text, lines="bare")) for text in ("AT+CGMI", "AT+CGMM", "AT+CGMR")
        ]
        return ModemIdentity(manufacturer=_bare(maker), model=_bare(model), firmware=_bare(firmware))

    async def sim(self) -> SimState:
        reply = await self.ask(query("+CPIN"))
        if reply.final is Final.CME:
            if reply.code in _SIM_BY_ERROR:
                return _SIM_BY_ERROR[reply.code]
            raise _refusal(reply)
        return self._read(answers.sim_state, self._required(reply).lines[0])

    async def pin_tries(self) -> int | None:
        reply = await self.ask(Command(text='AT+CPINR="SIM PIN"', prefix="+CPINR:", lines="many"))
        if reply.ok and reply.lines:
            return self._read(answers.pin_tries, reply.lines)
        reply = await self.ask(Command(text='AT+CSIM=10,"0020000100"', prefix="+CSIM:", lines="one"))
        return self._read(answers.pin_tries_from_card, reply.lines[0]) if reply.ok else None

    async def enter_pin(self, pin: str) -> None:
        reply = await self.ask(order(f'AT+CPIN="{pin}"', deadline_s=15.0, secret=True))
        if reply.code in (INCORRECT_PASSWORD, SIM_PUK_REQUIRED):
            raise SimPinRefused(name_of(reply.code))
        self._required(reply)

    async def registration(self) -> Registration:
        """The packet network's state: LTE's where there is one, else GPRS's."""
        states = [
            self._read(answers.registration, reply.lines[0])
            for name in ("+CEREG", "+CGREG")
            if (reply := await self.ask(query(name))).ok
        ]
        if not states:
            raise ModemRefused("tells no registration")
        return next((state for state in states if state.has_data), states[0])

    async def operator(self) -> str:
        reply = await self.ask(query("+COPS", deadline_s=30.0))
        return self._read(answers.operator, reply.lines[0]) if reply.ok else ""

    async def signal(self) -> Signal:
        strength = await self.answer(Command(text="AT+CSQ", prefix="+CSQ:", lines="one"))
        rssi_dbm = self._read(answers.rssi_dbm, strength.lines[0])
        extended = await self.ask(Command(text="AT+CESQ", prefix="+CESQ:", lines="one"))
        lte = self._read(answers.extended_signal, extended.lines[0]) if extended.ok else Signal()
        return msgspec.structs.replace(lte, rssi_dbm=rssi_dbm)

    async def knows_bearer(self, bearer: Bearer) -> bool:
        known = await self.answer(Command(text="AT+CGDCONT?", prefix="+CGDCONT:", lines="many"))
        defined = self._read(answers.defined_apns, known.lines).get(bearer.context)
        return defined is not None and (defined[0], defined[1].lower()) == (
            bearer.ip_type,
            bearer.apn.lower(),
        )

    async def define_bearer(self, bearer: Bearer) -> None:
        await self.answer(order(f'AT+CGDCONT={bearer.context},"{bearer.ip_type}","{_quotable(bearer.apn)}"'))

    async def authenticate(self, bearer: Bearer) -> None:
        authentication = order(self._authentication(bearer), secret=True)
        if bearer.auth is ApnAuth.NONE:
            # A modem that knows no authentication refuses to be told that there is none.
            await self.ask(authentication)
        else:
            await self.answer(authentication)

    async def bearer(self, context: int) -> BearerState:
        active = await self.answer(Command(text="AT+CGACT?", prefix="+CGACT:", lines="many"))
        if not self._read(answers.contexts_active, active.lines).get(context, False):
            return BearerState(active=False)
        asked = Command(text=f"AT+CGPADDR={context}", prefix="+CGPADDR:", lines="many")
        address = self._read(lambda lines: answers.address(lines, context), (await self.answer(asked)).lines)
        details = await self.ask(Command(text=f"AT+CGCONTRDP={context}", prefix="+CGCONTRDP:", lines="many"))
        known = (
            self._read(lambda lines: answers.bearer(lines, context), details.lines)
            if details.ok
            else BearerState(active=True)
        )
        return msgspec.structs.replace(known, active=bool(address), address=address)

    async def activate(self, context: int) -> None:
        await self.answer(order("AT+CGATT=1", deadline_s=_ATTACH_DEADLINE_S))
        await self.answer(order(f"AT+CGACT=1,{context}", deadline_s=_ACTIVATE_DEADLINE_S))
        if self._profile.dial:
            await self.answer(order(self._profile.dial, deadline_s=_ATTACH_DEADLINE_S))

    async def radio_on(self) -> None:
        state = await self.answer(query("+CFUN"))
        if not state.lines[0].removeprefix("+CFUN:").strip().startswith("1"):
            await self.answer(order("AT+CFUN=1", deadline_s=_RADIO_DEADLINE_S))

    async def reattach(self) -> None:
        """Detach rather than +CGACT=0, which LTE refuses for the last connection."""
        await self.ask(order("AT+CGATT=0", deadline_s=_ATTACH_DEADLINE_S))
        await self.answer(order("AT+CGATT=1", deadline_s=_ATTACH_DEADLINE_S))

    async def cycle_radio(self) -> None:
        await self.ask(order("AT+CFUN=0", deadline_s=_RADIO_DEADLINE_S))
        await self._clock.wait_until(self._clock.monotonic() + self._profile.radio_rest_s)
        await self.answer(order("AT+CFUN=1", deadline_s=_RADIO_DEADLINE_S))

    async def reset(self) -> None:
        await self.ask(order(RESET, deadline_s=_RADIO_DEADLINE_S))

    async def network_time(self) -> dt.datetime | None:
        command, read = _CLOCKS[self._profile.clock]
        reply = await self.answer(command)
        try:
            return read(reply.lines[0])
        except Garbled:
            return None

    async def position(self) -> Fix | None:
        match self._profile.gnss:
            case "simcom":
                return await simcom_fix(self)
            case "quectel":
                return await quectel_fix(self)
            case "none":
                return None

    async def ask(self, command: Command) -> Reply:
        """Run a command whose refusal is an answer too."""
        return await self._channel.run(command)

    async def answer(self, command: Command) -> Reply:
        """Run a command that has to succeed. Raises ModemRefused."""
        return self._required(await self._channel.run(command))

    def _authentication(self, bearer: Bearer) -> str:
        kind = _AUTH_NUMBERS[bearer.auth]
        if bearer.auth is ApnAuth.NONE:
            return f"AT+CGAUTH={bearer.context},0"
        pair = [_quotable(bearer.user), _quotable(bearer.password)]
        if self._profile.password_first:
            pair.reverse()
        return f'AT+CGAUTH={bearer.context},{kind},"{pair[0]}","{pair[1]}"'

    def _required(self, reply: Reply) -> Reply:
        if not reply.ok:
            raise _refusal(reply)
        return reply

    def _read(self, parse: Callable[[LinesT], T], lines: LinesT) -> T:
        try:
            return parse(lines)
        except Garbled as exc:
            raise ModemSilent(f"garbled answer: {exc}") from exc

    def _take_urc(self, line: str) -> None:
        for prefixes, news in _NEWS:
            if line.startswith(prefixes):
                self._tell(news)
                return

    def _tell(self, news: ModemNews) -> None:
        for listener in self._listeners:
            listener(news)


def _refusal(reply: Reply) -> ModemRefused | ModemSilent:
    if not reply.complete:
        return ModemSilent(f"{reply.command.label}: no answer line")
    permanent = class_of(reply.code) is CmeClass.PERMANENT
    return ModemRefused(
        f"{reply.command.label}: {reply.final} ({name_of(reply.code)})",
        cme=reply.code,
        retry=Retry.NEVER if permanent else Retry.LATER,
    )


def _bare(reply: Reply) -> str:
    return " ".join(reply.lines)[:80] if reply.ok else ""


def _quotable(text: str) -> str:
    """``text`` as it may stand between quotes in a command line. Raises ModemRefused."""
    if '"' in text or not text.isascii() or not text.isprintable():
        raise ModemRefused("APN, user and password are printable ASCII without quotes", retry=Retry.NEVER)
    return text
