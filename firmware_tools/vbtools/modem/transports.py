"""The modem of this machine, by the gateway's own driver; the only module of ``vb-modem`` that uses it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from vbtools.modem.holders import holders_of
from visitbridge import RELEASED_AT
from visitbridge.adapters.modem.at_modem import AtModem
from visitbridge.adapters.modem.binding import SerialStream
from visitbridge.adapters.modem.channel import AtChannel
from visitbridge.adapters.modem.places import LinkedPort, UsbSerialPort, usb_serial_ports
from visitbridge.adapters.modem.profiles import GENERIC, PROFILES, ModemProfile
from visitbridge.adapters.system_clock import SystemClock
from visitbridge.errors import FieldInvalid, ModemAbsent, ModemTaken
from visitbridge.ports.modem import ModemSession

FAMILIES = tuple(PROFILES)

_ROLES = {0: "diagnostics", 1: "NMEA", 4: "audio"}
"""By place among the serial ports, alike in SIMCom's SIM7600 and Quectel's EC25 (hardware.md §4.1)."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """``port``: a serial port or a link to one; None finds the modem on USB. ``family``: None asks its identity."""

    port: Path | None = None
    family: str | None = None
    allow_virtual: bool = False


class MappedPort(msgspec.Struct, frozen=True, kw_only=True):
    """``role``: AT, NMEA, diagnostics or audio; empty where the family is not known."""

    port: UsbSerialPort
    family: str = ""
    role: str = ""


def map_ports(ports: Sequence[UsbSerialPort] | None = None) -> tuple[MappedPort, ...]:
    """Every serial port on USB and what it is for."""
    return tuple(_mapped(port) for port in (usb_serial_ports() if ports is None else ports))


@contextlib.asynccontextmanager
async def open_session(options: Options) -> AsyncIterator[ModemSession]:
    """The modem, answering. Raises ModemAbsent, ModemTaken (saying by whom), ModemSilent."""
    path, profile = _find(options)
    with _telling_who_holds(path):
        async with AtModem(
            LinkedPort(path, allow_virtual=options.allow_virtual), profile, _clock()
        ).open_session() as session:
            yield session


@contextlib.asynccontextmanager
async def open_line(options: Options, on_urc: Callable[[str], None]) -> AsyncIterator[AtChannel]:
    """The bare AT conversation; ``on_urc`` hears what the modem says by itself. Raises as :func:`open_session`."""
    path, _ = _find(options)
    if LinkedPort(path, allow_virtual=options.allow_virtual).at_port() is None:
        raise ModemAbsent(f"no modem at {path.name}")
    with _telling_who_holds(path):
        stream = SerialStream(path)
    try:
        channel = AtChannel(stream, _clock())
        channel.listen(on_urc=on_urc, on_lost=lambda: None)
        yield channel
    finally:
        stream.close()


def _mapped(port: UsbSerialPort) -> MappedPort:
    profile = next((each for each in PROFILES.values() if port.identity in each.usb), None)
    if profile is None:
        return MappedPort(port=port)
    place = profile.place_of(port.identity, port.interface)
    role = "AT" if place in profile.at_interfaces else _ROLES.get(place, "")
    return MappedPort(port=port, family=profile.name, role=role)


def _find(options: Options) -> tuple[Path, ModemProfile]:
    named = None if options.family is None else PROFILES[options.family]
    if options.port is not None:
        return options.port, named or _family_of(options.port)
    candidates = [each for each in map_ports() if each.role == "AT" and options.family in (None, each.family)]
    if not candidates:
        raise ModemAbsent("no modem of a known family on USB; a port can be named with --port")
    modems = {(each.port.identity, each.port.serial) for each in candidates}
    if len(modems) > 1:
        raise FieldInvalid("several modems; choose one with --port (see: vb-modem ports)", field="port")
    chosen = PROFILES[candidates[0].family]
    by_place = {
        chosen.place_of(each.port.identity, each.port.interface): each.port.device for each in candidates
    }
    return next(by_place[n] for n in chosen.at_interfaces if n in by_place), chosen


def _family_of(port: Path) -> ModemProfile:
    device = port.resolve()
    known = {each.port.device: each.family for each in map_ports()}
    return PROFILES.get(known.get(device, ""), GENERIC)


@contextlib.contextmanager
def _telling_who_holds(path: Path) -> Iterator[None]:
    try:
        yield
    except ModemTaken as exc:
        names = ", ".join(f"{holder.name} ({holder.pid})" for holder in holders_of(path)) or "somebody"
        raise ModemTaken(f"{path.name} is held by {names}") from exc


def _clock() -> SystemClock:
    return SystemClock(floor=RELEASED_AT)
