"""The AT side of a virtual modem: command lines in, answers out, as a chip of the family would."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator

from visitbridge.domain.modem import SimState
from visitbridge.sim.modem.radio import CmeError, Radio

_SIM_WORDS = {SimState.READY: "READY", SimState.PIN: "SIM PIN", SimState.PUK: "SIM PUK"}
_BEFORE_NITZ = '"80/01/06,00:00:25+00"'
_IDENTITIES = {
    "sim7600": ("SIMCOM INCORPORATED", "SIMCOM_SIM7600G-H", "LE20B04SIM7600G22"),
    "ec25": ("Quectel", "EG25", "EG25GGBR07A08M2G"),
}
_CME_WORDS = {
    10: "SIM not inserted",
    11: "SIM PIN required",
    12: "SIM PUK required",
    16: "incorrect password",
}


class UnknownCommand(Exception):
    """The chip does not know the command: plain ERROR."""


class Machine:
    """``now`` is the network's UTC. ``on_reset`` runs after +CFUN=1,1 was answered."""

    def __init__(self, radio: Radio, *, now: Callable[[], dt.datetime | None]) -> None:
        self.radio = radio
        self._now = now
        self.reset_asked = False
        self.power_up()
        self._handlers: dict[str, Callable[[str], Iterator[str]]] = {
            "+CPIN?": self._pin,
            "+CPIN=": self._enter_pin,
            "+CPINR=": self._tries,
            "+CSIM=": self._tries_by_card,
            "+CREG=": self._message_mode("+CREG"),
            "+CEREG=": self._message_mode("+CEREG"),
            "+CGREG=": self._message_mode("+CGREG"),
            "+CREG?": self._registration("+CREG"),
            "+CGREG?": self._registration("+CGREG"),
            "+CEREG?": self._registration("+CEREG"),
            "+CSQ": self._strength,
            "+CESQ": self._extended_strength,
            "+COPS?": self._operator,
            "+CGDCONT?": self._contexts,
            "+CGDCONT=": self._define,
            "+CGAUTH=": self._authenticate,
            "+CGATT=": self._attach,
            "+CGATT?": lambda _: iter([f"+CGATT: {int(self.radio.attached)}"]),
            "+CGACT?": self._active,
            "+CGACT=": self._activate,
            "+CGPADDR=": self._address,
            "+CGCONTRDP=": self._details,
            "+CFUN?": lambda _: iter([f"+CFUN: {int(self.radio.functional)}"]),
            "+CFUN=": self._function,
            "+CMEE?": lambda _: iter([f"+CMEE: {self._errors}"]),
            "+CMEE=": self._set_errors,
            "+CSCS?": lambda _: iter(['+CSCS: "IRA"']),
            "+CCLK?": self._clock,
            "+CGMI": lambda _: iter([self._identity[0]]),
            "+CGMM": lambda _: iter([self._identity[1]]),
            "+CGMR": lambda _: iter([self._identity[2]]),
            **{name: lambda _: iter(()) for name in ("+CGEREP=", "+CTZU=", "+CTZR=", "+CGREG=")},
            **(self._quectel() if radio.setup.family == "ec25" else self._simcom_gnss()),
        }

    def power_up(self) -> None:
        self._echo = True
        self._errors = 0
        self._told: dict[str, int] = {"+CREG": 0, "+CEREG": 0, "+CGREG": 0}

    def execute(self, line: str) -> bytes:
        """Answer one command line, echo included."""
        echo = f"{line}\r" if self._echo else ""
        try:
            lines = list(self._run(line))
        except CmeError as exc:
            return (echo + self._error(exc.number)).encode()
        except UnknownCommand:
            return (echo + "\r\nERROR\r\n").encode()
        return (echo + "".join(f"\r\n{answer}\r\n" for answer in [*lines, "OK"])).encode()

    def registration_messages(self) -> bytes:
        """What the modem says when its registration changed, as far as it was asked to."""
        stat = int(self.radio.registration)
        return b"".join(f"\r\n{name}: {stat}\r\n".encode() for name, mode in self._told.items() if mode)

    @property
    def _identity(self) -> tuple[str, str, str]:
        return _IDENTITIES[self.radio.setup.family]

    def _run(self, line: str) -> Iterator[str]:
        match = re.fullmatch(r"AT([EVZ&][0-9FV]*)*(.*)", line, re.IGNORECASE)
        if match is None:
            raise UnknownCommand
        rest = match.group(2)
        basic = line[2 : len(line) - len(rest)].upper()
        if "E" in basic:
            self._echo = "E1" in basic
        if not rest:
            return iter(())
        name = re.match(r"[+^*$&]?[A-Z]+[=?]?", rest)
        handler = None if name is None else self._handlers.get(name.group())
        if name is None or handler is None or rest.endswith("=?"):
            raise UnknownCommand
        return handler(rest[name.end() :])

    def _error(self, number: int) -> str:
        if self._errors == 0:
            return "\r\nERROR\r\n"
        word = _CME_WORDS.get(number, "unknown") if self._errors == 2 else number
        return f"\r\n+CME ERROR: {word}\r\n"

    def _set_errors(self, text: str) -> Iterator[str]:
        self._errors = int(text)
        return iter(())

    def _pin(self, _text: str) -> Iterator[str]:
        if self.radio.sim is SimState.ABSENT:
            raise CmeError(10)
        return iter([f"+CPIN: {_SIM_WORDS[self.radio.sim]}"])

    def _enter_pin(self, text: str) -> Iterator[str]:
        self.radio.enter_pin(text.strip('"'))
        return iter(())

    def _tries(self, _text: str) -> Iterator[str]:
        if not self.radio.setup.tells_tries:
            raise UnknownCommand
        return iter([f"+CPINR: SIM PIN,{self.radio.tries},3"])

    def _tries_by_card(self, text: str) -> Iterator[str]:
        if "0020000100" not in text:
            raise CmeError(3)
        return iter([f'+CSIM: 4,"63C{self.radio.tries:X}"'])

    def _message_mode(self, name: str) -> Callable[[str], Iterator[str]]:
        def set_mode(text: str) -> Iterator[str]:
            self._told[name] = int(text)
            return iter(())

        return set_mode

    def _registration(self, name: str) -> Callable[[str], Iterator[str]]:
        return lambda _: iter([f"{name}: {self._told[name]},{int(self.radio.registration)}"])

    def _strength(self, _text: str) -> Iterator[str]:
        return iter([f"+CSQ: {self.radio.setup.rssi if self.radio.registration.has_data else 99},99"])

    def _extended_strength(self, _text: str) -> Iterator[str]:
        rsrp = self.radio.setup.rsrp if self.radio.registration.has_data else 255
        return iter([f"+CESQ: 99,99,255,255,{20 if rsrp < 255 else 255},{rsrp}"])

    def _operator(self, _text: str) -> Iterator[str]:
        return iter(['+COPS: 0,0,"Test Net",7' if self.radio.registration.has_data else "+COPS: 0"])

    def _contexts(self, _text: str) -> Iterator[str]:
        if self.radio.setup.needs_sim:
            self.radio.need_sim()
        return iter(
            [f'+CGDCONT: {cid},"{kind}","{apn}","",0,0' for cid, (kind, apn) in self.radio.contexts.items()]
        )

    def _define(self, text: str) -> Iterator[str]:
        cid, kind, apn = _parameters(text)[:3]
        self.radio.contexts[int(cid)] = (kind, apn)
        return iter(())

    def _authenticate(self, text: str) -> Iterator[str]:
        if not self.radio.setup.knows_authentication:
            raise UnknownCommand
        cid, kind, *pair = _parameters(text)
        user, password = pair if pair else ("", "")
        self.radio.auth[int(cid)] = (int(kind), user, password)
        return iter(())

    def _attach(self, text: str) -> Iterator[str]:
        if text == "1":
            self.radio.attach()
        else:
            self.radio.detach()
        return iter(())

    def _active(self, _text: str) -> Iterator[str]:
        return iter([f"+CGACT: {cid},{int(cid in self.radio.active)}" for cid in self.radio.contexts])

    def _activate(self, text: str) -> Iterator[str]:
        on, cid = _parameters(text)
        if on == "1":
            self.radio.activate(int(cid))
        else:
            self.radio.deactivate(int(cid))
        return iter(())

    def _address(self, text: str) -> Iterator[str]:
        return iter([f'+CGPADDR: {text},"{self.radio.address(int(text))}"'])

    def _details(self, text: str) -> Iterator[str]:
        if int(text) not in self.radio.active:
            return iter(())
        address = self.radio.address(int(text))
        dns = ",".join(f'"{server}"' for server in self.radio.setup.dns)
        return iter([f'+CGCONTRDP: {text},5,"{self.radio.setup.apn}","{address}.255.255.255.0","",{dns}'])

    def _function(self, text: str) -> Iterator[str]:
        mode, *restart = _parameters(text)
        if restart == ["1"]:
            self.reset_asked = True
        elif mode in ("0", "1", "4"):
            self.radio.set_functional(mode == "1")
        else:
            raise CmeError(50)
        return iter(())

    def _clock(self, _text: str) -> Iterator[str]:
        now = self._now()
        if now is None:
            return iter([f"+CCLK: {_BEFORE_NITZ}"])
        quarters = self.radio.setup.zone_quarters
        # Quectel's holds GMT after +CTZU=1, with the zone beside it all the same.
        holds_gmt = self.radio.setup.family == "ec25"
        shown = now if holds_gmt else now + dt.timedelta(minutes=15 * quarters)
        return iter([f'+CCLK: "{shown:%y/%m/%d,%H:%M:%S}{quarters:+03d}"'])

    def _quectel_clock(self, text: str) -> Iterator[str]:
        now = self._now()
        if now is None:
            return iter(['+QLTS: ""'])
        quarters = self.radio.setup.zone_quarters
        shown = now + dt.timedelta(minutes=15 * quarters) if text == "2" else now
        return iter([f'+QLTS: "{shown:%Y/%m/%d,%H:%M:%S}{quarters:+03d},0"'])

    def _set_gnss(self, on: bool) -> Iterator[str]:
        if self.radio.gnss_on is on:
            raise UnknownCommand
        self.radio.gnss_on = on
        return iter(())

    def _simcom_gnss(self) -> dict[str, Callable[[str], Iterator[str]]]:
        return {
            "+CGPS?": lambda _: iter([f"+CGPS: {int(self.radio.gnss_on)},1"]),
            "+CGPS=": lambda text: self._set_gnss(text.startswith("1")),
            "+CGPSINFO": self._simcom_position,
        }

    def _simcom_position(self, _text: str) -> Iterator[str]:
        place, now = self.radio.setup.position, self._now()
        if place is None or now is None or not self.radio.gnss_on:
            return iter(["+CGPSINFO: ,,,,,,,,"])
        north, east = _nmea_degrees(place[0], 2), _nmea_degrees(place[1], 3)
        return iter([f"+CGPSINFO: {north},N,{east},E,{now:%d%m%y},{now:%H%M%S}.0,31.5,0.0,"])

    def _quectel(self) -> dict[str, Callable[[str], Iterator[str]]]:
        return {
            "+QGPS?": lambda _: iter([f"+QGPS: {int(self.radio.gnss_on)}"]),
            "+QGPS=": lambda text: self._set_gnss(text.startswith("1")),
            "+QGPSLOC=": self._quectel_position,
            "+QLTS=": self._quectel_clock,
        }

    def _quectel_position(self, _text: str) -> Iterator[str]:
        place, now = self.radio.setup.position, self._now()
        if not self.radio.gnss_on:
            raise CmeError(505)
        if place is None or now is None:
            raise CmeError(516)
        answer = f"{now:%H%M%S}.0,{place[0]:.5f},{place[1]:.5f},1.2,31.5,3,0.00,0.0,0.0,{now:%d%m%y},08"
        return iter([f"+QGPSLOC: {answer}"])


def _parameters(text: str) -> list[str]:
    return [part.strip('"') for part in text.split(",")]


def _nmea_degrees(value: float, width: int) -> str:
    whole = int(value)
    return f"{whole:0{width}d}{(value - whole) * 60:09.6f}"
