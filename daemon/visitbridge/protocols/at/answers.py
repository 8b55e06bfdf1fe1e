"""Answer lines of 3GPP TS 27.007 commands as values of ``domain.modem``. All raise Garbled."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence

from visitbridge.domain.modem import BearerState, Registration, Signal, SimState
from visitbridge.protocols.at.fields import Garbled, fields, number

_UNKNOWN_RSSI, _UNKNOWN_EXTENDED = 99, 255
_RETRIES_FROM_SW1 = "63C"

_SIM_STATES = {
    "READY": SimState.READY,
    "SIM PIN": SimState.PIN,
    "SIM PUK": SimState.PUK,
    "NOT INSERTED": SimState.ABSENT,
    "NOT READY": SimState.BUSY,
    "SIM REMOVED": SimState.ABSENT,
}


def sim_state(line: str) -> SimState:
    """``+CPIN: …`` (§8.3), asked for or not. PIN2 and PUK2 do not keep the SIM from working."""
    (code, *_rest) = fields(line, "+CPIN:")
    if code in ("SIM PIN2", "SIM PUK2"):
        return SimState.READY
    if code in _SIM_STATES:
        return _SIM_STATES[code]
    if code.startswith("PH-") and code.endswith(("PIN", "PUK")):
        return SimState.LOCKED
    raise Garbled("+CPIN")


def pin_tries(lines: Sequence[str]) -> int:
    """Tries left for the SIM's PIN: ``+CPINR: SIM PIN,3,3`` (§8.65)."""
    for line in lines:
        values = fields(line, "+CPINR:")
        if values[0] == "SIM PIN" and len(values) >= 2:
            return number(values[1], most=15)
    raise Garbled("+CPINR")


def pin_tries_from_card(line: str) -> int:
    """Tries left from an empty VERIFY sent to the SIM itself: ``+CSIM: 4,"63C3"`` (§8.17, ETSI TS 102 221).

    9000 says that no PIN is needed or it was verified; 6983 that it is blocked.
    """
    values = fields(line, "+CSIM:")
    answer = values[-1].upper()
    if len(answer) != 4:
        raise Garbled("+CSIM")
    if answer.startswith(_RETRIES_FROM_SW1):
        return int(answer[3], 16)
    if answer in ("6983", "9840"):
        return 0
    raise Garbled("+CSIM")


def registration(line: str) -> Registration:
    """``+CREG:``, ``+CGREG:`` or ``+CEREG:`` as a query answers it: mode, state, place (§10.1.22)."""
    values = _registration_fields(line)
    if len(values) < 2:
        raise Garbled("registration")
    number(values[0], most=9)
    return _registration(values[1])


def registration_told(line: str) -> Registration:
    """The same sent unasked, where the state comes first."""
    values = _registration_fields(line)
    if len(values) > 1 and re.fullmatch(r"\d", values[1]) and '"' not in line:
        raise Garbled("an answer, not a message")
    return _registration(values[0])


def _registration_fields(line: str) -> list[str]:
    match = re.match(r"\+C(?:|G|E)REG:", line)
    if match is None:
        raise Garbled("registration")
    return fields(line, match.group())


def _registration(text: str) -> Registration:
    return Registration(number(text, most=max(Registration)))


def rssi_dbm(line: str) -> int | None:
    """``+CSQ: rssi,ber`` (§8.5): 0 is -113 dBm or less, 31 is -51 or more, 99 unknown."""
    values = fields(line, "+CSQ:")
    if len(values) != 2:
        raise Garbled("+CSQ")
    rssi = number(values[0], most=_UNKNOWN_RSSI)
    if rssi == _UNKNOWN_RSSI:
        return None
    if rssi > 31:
        raise Garbled("+CSQ")
    return -113 + 2 * rssi


def extended_signal(line: str) -> Signal:
    """``+CESQ: rxlev,ber,rscp,ecno,rsrq,rsrp`` (§8.69): -20 + n/2 dB, -141 + n dBm, 255 unknown."""
    values = fields(line, "+CESQ:")
    if len(values) < 6:
        raise Garbled("+CESQ")
    rsrq = number(values[4], most=255)
    rsrp = number(values[5], most=255)
    if 34 < rsrq < _UNKNOWN_EXTENDED or 97 < rsrp < _UNKNOWN_EXTENDED:
        raise Garbled("+CESQ")
    return Signal(
        rsrq_db=None if rsrq == _UNKNOWN_EXTENDED else -20 + rsrq / 2,
        rsrp_dbm=None if rsrp == _UNKNOWN_EXTENDED else -141 + rsrp,
    )


def operator(line: str) -> str:
    """Name of the network from ``+COPS: mode[,format,oper[,AcT]]`` (§7.3); empty while there is none."""
    values = fields(line, "+COPS:")
    number(values[0], most=4)
    return values[2] if len(values) >= 3 else ""


def contexts_active(lines: Sequence[str]) -> dict[int, bool]:
    """``+CGACT: cid,state`` for each context (§10.1.10)."""
    found: dict[int, bool] = {}
    for line in lines:
        values = fields(line, "+CGACT:")
        if len(values) != 2:
            raise Garbled("+CGACT")
        found[number(values[0], most=255)] = number(values[1], most=1) == 1
    return found


def defined_apns(lines: Sequence[str]) -> dict[int, tuple[str, str]]:
    """``+CGDCONT: cid,type,apn,…`` (§10.1.1): context → (type, APN)."""
    found: dict[int, tuple[str, str]] = {}
    for line in lines:
        values = fields(line, "+CGDCONT:")
        if len(values) < 3:
            raise Garbled("+CGDCONT")
        found[number(values[0], most=255)] = (values[1], values[2])
    return found


def address(lines: Sequence[str], context: int) -> str:
    """Address of ``context`` from ``+CGPADDR: cid,address`` (§10.1.14); empty while there is none."""
    for line in lines:
        values = fields(line, "+CGPADDR:")
        if number(values[0], most=255) == context:
            given = values[1] if len(values) > 1 else ""
            found = _address(given) if given else ""
            return "" if found in ("0.0.0.0", "::") else found  # noqa: S104 - what a modem says for "none"
    return ""


def bearer(lines: Sequence[str], context: int) -> BearerState:
    """``+CGCONTRDP: cid,bearer,apn,address[.mask],gateway,dns1,dns2`` (§10.1.23).

    Modems join address and mask to eight numbers, leave the mask away, or give it in a field of its own
    before the gateway; DNS servers are found from the end of the known part.
    """
    for line in lines:
        values = fields(line, "+CGCONTRDP:")
        if len(values) < 3 or number(values[0], most=255) != context:
            continue
        local = _address(values[3]) if len(values) > 3 and values[3] else ""
        dns = tuple(_address(text) for text in values[5:7] if text)
        return BearerState(
            active=True,
            apn=values[2],
            address=local,
            dns=tuple(server for server in dns if server not in ("0.0.0.0", "::")),  # noqa: S104
        )
    return BearerState(active=False)


def _address(text: str) -> str:
    """An IPv4 address, with or without its mask, or an IPv6 one as 16 (32 with mask) decimal numbers."""
    numbers = text.split(".")
    try:
        if len(numbers) in (4, 8):
            return str(ipaddress.IPv4Address(".".join(str(number(n, most=255)) for n in numbers[:4])))
        if len(numbers) in (16, 32):
            return str(ipaddress.IPv6Address(bytes(number(n, most=255) for n in numbers[:16])))
        return str(ipaddress.ip_address(text))
    except ValueError as exc:
        raise Garbled("not an address") from exc
