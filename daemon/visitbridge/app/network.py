"""The way out of the box, by configuration: modem, uplinks, trusted time, position."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import msgspec

from visitbridge import RELEASED_AT
from visitbridge.adapters.battery_clock import BatteryClock
from visitbridge.adapters.datacentre.http import Way
from visitbridge.adapters.hooks import CommandHook
from visitbridge.adapters.keys import read_text_credential
from visitbridge.adapters.machine_clock import CLOCK_REQUEST, SettableMachineClock
from visitbridge.adapters.modem.at_modem import AtModem
from visitbridge.adapters.modem.nmea_port import NmeaListener
from visitbridge.adapters.modem.places import LinkedPort, UsbPorts
from visitbridge.adapters.modem.profiles import PROFILES
from visitbridge.adapters.network.interfaces import Interfaces, open_bell
from visitbridge.adapters.network.reach import HostReach
from visitbridge.adapters.network.sockets import UplinkResolver, socket_through
from visitbridge.adapters.system_clock import SystemClock
from visitbridge.app.options import Options
from visitbridge.config import Config, ModemSection
from visitbridge.domain.modem import ApnAuth, Bearer, ModemState
from visitbridge.domain.uplink import Uplink, UplinkKind
from visitbridge.ports.store import Store
from visitbridge.runtime.jitter import draw
from visitbridge.runtime.supervisor import Service
from visitbridge.services.activity import Activity
from visitbridge.services.link import LinkWatch
from visitbridge.services.live import LiveBoard
from visitbridge.services.modem.chores import Chore
from visitbridge.services.modem.hooks import Hooks
from visitbridge.services.modem.ladder import Ladder, LadderPolicy, paced
from visitbridge.services.modem.meter import DataMeter, MeterReading
from visitbridge.services.modem.pin import SimPin
from visitbridge.services.modem.policy import WatchPolicy
from visitbridge.services.modem.recovery import Recovery, rungs_of
from visitbridge.services.modem.watch import ModemWatch
from visitbridge.services.position import LastFix, PositionPolicy
from visitbridge.services.timekeeping import Timekeeping, TimePolicy
from visitbridge.services.uplinks import ModemView, UplinkPolicy, Uplinks

_POSITION = PositionPolicy()
_TIME_EVERY_S = TimePolicy().ask_network_every_s


class Network:
    """Opened before the data centre, whose sockets it binds; :meth:`attach` joins it to the link afterwards."""

    def __init__(
        self, config: Config, options: Options, clock: SystemClock, store: Store, board: LiveBoard
    ) -> None:
        self._config = config
        self._options = options
        self._clock = clock
        self._store = store
        self._board = board
        self.activity = Activity()
        self.interfaces = Interfaces()
        self.modem: ModemWatch | None = None
        self.meter: DataMeter | None = None
        self.uplinks = Uplinks(
            _listed(config),
            self.interfaces,
            monotonic=clock.monotonic,
            modem=self._modem_view,
            policy=UplinkPolicy(),
        )
        self.resolver = UplinkResolver(self.uplinks.current)
        self.way = Way(
            make_socket=socket_through(self.uplinks.current), resolver=self.resolver, name=self._way_name
        )
        self.hosts = HostReach(
            config.link.hosts, resolver=self.resolver, make_socket=socket_through(self.uplinks.current)
        )
        self.position = LastFix(clock, policy=_POSITION)
        self.time = Timekeeping(
            clock,
            store,
            board,
            released_at=RELEASED_AT,
            policy=TimePolicy(),
            machine=(
                SettableMachineClock(config.box.runtime_dir / CLOCK_REQUEST)
                if config.time.set_machine_clock
                else None
            ),
            rtc=BatteryClock() if config.time.rtc else None,
        )
        self.position.when_fixed(self.time.offer_fix)

    def attach(self, link: LinkWatch) -> tuple[Service, ...]:
        """Join modem and interfaces to ``link``; the services to run, before it."""
        services: list[Service] = [self.time]
        if self._config.modem.profile != "none":
            self.modem = self._modem_watch(self._config.modem, link)
            self.modem.when_changed(link.probe_now)
            link.when_changed(self.modem.look_now)
            services.append(self.modem)
            if self._config.modem.interface:
                self.meter = self._data_meter(self._config.modem)
                services.append(self.meter)
        if self._config.modem.nmea_port is not None:
            place = LinkedPort(self._config.modem.nmea_port, allow_virtual=self._options.allow_virtual)
            services.append(NmeaListener(place, self._clock, self.position.offer))
        if _listed(self._config):
            services.append(InterfaceBell(self._ring(link)))
        return tuple(services)

    def data_used(self) -> MeterReading | None:
        """None on a box whose modem's interface is not configured."""
        return None if self.meter is None else self.meter.reading

    def try_modem_again(self) -> None:
        """A person changed something about SIM, APN or account. Nothing to do on a box without a modem."""
        if self.modem is not None:
            self.modem.try_again()

    def _way_name(self) -> str:
        used = self.uplinks.current()
        return "" if used is None else used.name

    def _modem_view(self) -> ModemView:
        if self.modem is None:
            return ModemView()
        reading = self.modem.reading
        bearer = None if reading is None else reading.bearer
        return ModemView(state=self.modem.state, dns=() if bearer is None else bearer.dns)

    def _modem_watch(self, section: ModemSection, link: LinkWatch) -> ModemWatch:
        profile = PROFILES[section.profile]
        profile = msgspec.structs.replace(profile, radio_rest_s=profile.radio_rest_s * section.recovery_pace)
        ports = (
            UsbPorts(profile, serial=section.serial)
            if section.port is None
            else LinkedPort(section.port, allow_virtual=self._options.allow_virtual)
        )
        modem = AtModem(ports, profile, self._clock)
        hooks = Hooks(
            power=CommandHook(section.power_hook) if section.power_hook else None,
            reboot=CommandHook(section.reboot_hook) if section.reboot_hook else None,
        )
        credentials = self._options.credentials_dir
        watch = ModemWatch(
            modem,
            self._board,
            self._clock,
            bearer=Bearer(
                apn=section.apn,
                context=section.context,
                auth=ApnAuth(section.auth),
                user=section.user,
                password=read_text_credential(credentials, section.apn_credential),
            ),
            pin=SimPin(self._store, read_text_credential(credentials, section.sim_pin_credential)),
            path=link,
            recovery=Recovery(
                modem,
                self._store,
                self._clock,
                self.activity,
                ladder=Ladder(paced(LadderPolicy(), section.recovery_pace), rungs_of(hooks), jitter=draw),
                hooks=hooks,
                link_is_up=link.is_up,
            ),
            host_has_address=lambda: not section.interface or self.interfaces.has_address(section.interface),
            policy=WatchPolicy().paced(section.recovery_pace),
        )
        watch.add_chore(Chore(every_s=_TIME_EVERY_S, run=self.time.ask_network))
        if section.gnss:
            watch.add_chore(Chore(every_s=_POSITION.ask_every_s, run=self.position.ask))
        return watch

    def _data_meter(self, section: ModemSection) -> DataMeter:
        return DataMeter(
            self._store,
            self._clock,
            self.interfaces,
            interface=section.interface,
            begins_on_day=section.month_begins_on,
        )

    def _ring(self, link: LinkWatch) -> Callable[[], None]:
        def ring() -> None:
            if self.modem is not None and self.modem.state is ModemState.REGISTERED:
                self.modem.look_now()
            link.probe_now()

        return ring


class InterfaceBell:
    """Service: an interface that came or went is looked at at once."""

    name = "interfaces"
    critical = False

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring

    async def run(self, ready: Callable[[], None]) -> None:
        async with open_bell(self._ring):
            ready()
            await asyncio.get_running_loop().create_future()


@contextlib.asynccontextmanager
async def open_network(
    config: Config, options: Options, clock: SystemClock, store: Store, board: LiveBoard
) -> AsyncIterator[Network]:
    """The clock goes on from the last trusted moment as soon as this is open."""
    network = Network(config, options, clock, store, board)
    try:
        await network.time.load()
        yield network
    finally:
        await network.resolver.close()


def _listed(config: Config) -> tuple[Uplink, ...]:
    """The uplinks of the configuration; a box with a modem and no list uses that."""
    order = config.uplinks.order or (("modem",) if config.modem.profile != "none" else ())
    return tuple(_uplink(entry, config) for entry in order)


def _uplink(entry: str, config: Config) -> Uplink:
    kind, _, interface = entry.partition(":")
    return Uplink(
        name=entry,
        kind=UplinkKind(kind),
        interface=config.modem.interface if kind == "modem" else interface,
        dns=config.uplinks.dns,
    )
