"""What looks after the box itself: the survey, its health and who is told, its supply, and help from afar."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from visitbridge import __version__
from visitbridge.adapters.board_power import BoardPower
from visitbridge.adapters.datacentre.client import HttpDataCentre
from visitbridge.adapters.disk import FolderDisk
from visitbridge.adapters.logind import LogindMachine
from visitbridge.adapters.logs.recent import RecentLogs
from visitbridge.adapters.pisugar import PiSugarPower
from visitbridge.adapters.store import SqlStore
from visitbridge.adapters.system_clock import SystemClock
from visitbridge.app.health import program_versions
from visitbridge.app.network import Network
from visitbridge.app.options import Options
from visitbridge.config import Config, PowerSection, plain_settings
from visitbridge.runtime.jitter import draw
from visitbridge.services.binding import BoxRecord
from visitbridge.services.datasets import DataSetRefresh
from visitbridge.services.environment import Survey
from visitbridge.services.health import HealthDesk, HealthReports
from visitbridge.services.link import LinkWatch
from visitbridge.services.link.history import LinkHistory
from visitbridge.services.live import LiveBoard
from visitbridge.services.power import PowerProbe, PowerWatch
from visitbridge.services.site_steps import SiteBook
from visitbridge.services.support import SupportDesk
from visitbridge.services.switching_off import SwitchOff


@dataclass(frozen=True, slots=True, kw_only=True)
class Upkeep:
    """``power`` and ``reports`` are services to run."""

    survey: Survey
    support: SupportDesk
    health: HealthDesk
    switch_off: SwitchOff
    power: PowerWatch
    reports: HealthReports


def build_upkeep(
    config: Config,
    options: Options,
    *,
    clock: SystemClock,
    store: SqlStore,
    board: LiveBoard,
    data_centre: HttpDataCentre,
    network: Network,
    link: LinkWatch,
    datasets: DataSetRefresh,
    history: LinkHistory,
    recent: RecentLogs,
    box: Callable[[], BoxRecord],
    starts_locked: Callable[[], bool],
    site: SiteBook,
) -> Upkeep:
    """``box``: the binding as it is now. ``starts_locked``: whether the box waits for somebody after a cold start."""
    disk = FolderDisk(config.box.state_dir)
    survey = Survey(
        board,
        clock,
        try_path=data_centre.try_fresh,
        broken_uplink=network.uplinks.broken_hop,
        hosts=network.hosts,
        disk=disk,
        data_used=network.data_used,
        site=site.steps,
    )
    support = SupportDesk(
        store=store,
        clock=clock,
        board=board,
        box=box,
        survey=survey.run,
        history=history,
        logs=recent.lines,
        settings=plain_settings(config),
        starts_locked=starts_locked,
        version=__version__,
        recipient=config.support.recipient,
    )
    health = HealthDesk(
        board,
        clock,
        program=program_versions(),
        datasets=datasets.status,
        points=history.points,
        disk=disk,
        data_used=network.data_used,
    )
    reports = HealthReports(
        health,
        data_centre,
        clock,
        wait_link=link.wait_up,
        is_idle=lambda: network.activity.is_idle,
        draw=draw,
    )
    # A laboratory's machine is somebody's computer: only a bus of its own may be asked.
    is_our_machine = not options.allow_virtual or "DBUS_SYSTEM_BUS_ADDRESS" in os.environ
    power = PowerWatch(
        _power_probe(config.power), board, clock, off_below_percent=config.power.off_below_percent
    )
    switch_off = SwitchOff(
        store,
        clock,
        LogindMachine() if is_our_machine else None,
        is_idle=lambda: network.activity.is_idle,
        going=power.going,
    )
    power.when_low(switch_off.by_battery)
    return Upkeep(
        survey=survey, support=support, health=health, switch_off=switch_off, power=power, reports=reports
    )


def _power_probe(section: PowerSection) -> PowerProbe:
    board = BoardPower()
    return PiSugarPower(board, port=section.pisugar_port) if section.battery == "pisugar" else board
