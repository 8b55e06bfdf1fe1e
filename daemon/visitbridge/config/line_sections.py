"""The sections of ``visitbridge.toml`` about the way out: modem, uplinks, link, and the time that comes over them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

ModemKind = Literal["none", "generic", "sim7600", "ec25"]
CREDENTIAL_PATTERN = r"^[A-Za-z0-9._-]{1,64}$"

Interface = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{0,15}$")]
Seconds = Annotated[float, Meta(gt=0, le=86_400)]


class ModemSection(msgspec.Struct, frozen=True, kw_only=True):
    profile: Annotated[
        ModemKind, Meta(description="Family of the modem; none for a box on a cable or a phone's hotspot")
    ] = "none"
    port: Annotated[
        Path | None,
        Meta(
            description="Stable link to the AT port, such as one kept by a udev rule; empty finds the modem by its USB "
            "identity. Never a ttyUSB number, which changes with every restart of the modem"
        ),
    ] = None
    serial: Annotated[
        str, Meta(max_length=80, description="USB serial number, where several are plugged in")
    ] = ""
    interface: Annotated[
        Interface,
        Meta(description="Network interface behind the modem (ECM or RNDIS); empty does not check it"),
    ] = ""
    apn: Annotated[
        str, Meta(max_length=100, description="Access point name of the contract with the carrier")
    ] = ""
    context: Annotated[
        int, Meta(ge=1, le=16, description="The modem's number for it; LTE attaches with 1")
    ] = 1
    auth: Annotated[
        Literal["none", "pap", "chap"], Meta(description="Authentication of the access point")
    ] = "none"
    user: Annotated[str, Meta(max_length=64, description="User of the access point")] = ""
    apn_credential: Annotated[
        str,
        Meta(pattern=CREDENTIAL_PATTERN, description="systemd credential with the access point's password"),
    ] = "modem.password"
    sim_pin_credential: Annotated[
        str,
        Meta(pattern=CREDENTIAL_PATTERN, description="systemd credential with the SIM's PIN, if it has one"),
    ] = "modem.sim_pin"
    gnss: Annotated[bool, Meta(description="Ask the modem's receiver for the place of a visit")] = True
    nmea_port: Annotated[
        Path | None,
        Meta(description="Stable link to a serial port with NMEA sentences, which tell the accuracy as well"),
    ] = None
    power_hook: Annotated[
        tuple[str, ...],
        Meta(
            max_length=16, description="Command that cuts and restores the modem's USB power; empty for none"
        ),
    ] = ()
    reboot_hook: Annotated[
        tuple[str, ...], Meta(max_length=16, description="Command that restarts the box; empty for none")
    ] = ()
    recovery_pace: Annotated[
        float,
        Meta(
            ge=0.001, le=10, description="Multiplies every time of the recovery; 1 on the road, less in a lab"
        ),
    ] = 1.0
    month_begins_on: Annotated[
        int, Meta(ge=1, le=28, description="Day on which the carrier's month begins, for the data meter")
    ] = 1


class UplinksSection(msgspec.Struct, frozen=True, kw_only=True):
    order: Annotated[
        tuple[
            Annotated[
                str, Meta(pattern=r"^(modem|ethernet:[A-Za-z0-9_.-]{1,15}|hotspot:[A-Za-z0-9_.-]{1,15})$")
            ],
            ...,
        ],
        Meta(
            max_length=8,
            description="Ways to the data centre, best first: modem, ethernet:INTERFACE, hotspot:INTERFACE. Nothing "
            "for the data centre leaves by another one. Empty: the modem if there is one, else the machine's routes",
        ),
    ] = ()
    dns: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^[0-9a-fA-F.:]{2,45}(:[0-9]{1,5})?$")], ...],
        Meta(
            max_length=4,
            description="Name servers to ask through the uplink in use; empty: those the carrier gave, else the "
            "machine's own",
        ),
    ] = ()


class LinkSection(msgspec.Struct, frozen=True, kw_only=True):
    good_successes: Annotated[int, Meta(ge=1, le=20, description="Answers in a row before 正常 is shown")] = 3
    good_after_s: Annotated[Seconds, Meta(description="Seconds over which these answers have to come")] = 10.0
    unstable_window_s: Annotated[
        Seconds, Meta(description="Seconds for which one failure keeps the link 不穩")
    ] = 120.0
    down_failures: Annotated[int, Meta(ge=1, le=20, description="Failures in a row before 中斷 is shown")] = 3
    probe_good_s: Annotated[Seconds, Meta(description="Seconds between probes while all is well")] = 30.0
    hosts: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^[A-Za-z0-9.-]+:[0-9]{1,5}$")], ...],
        Meta(
            description="HOST:PORT of the insurer's own sites inside the VPN; 環境檢測 tries whether they take connections, "
            "so that a dead VPN is told from a data centre that is away",
            max_length=10,
        ),
    ] = ()


class TimeSection(msgspec.Struct, frozen=True, kw_only=True):
    rtc: Annotated[
        bool,
        Meta(
            description="The machine has a battery-backed clock (rtc0), asked once at start: trusted least of all "
            "sources, and not at all before the release or before the last trusted moment"
        ),
    ] = False
    set_machine_clock: Annotated[
        bool,
        Meta(
            description="Set the machine's clock from trusted time, by the right to do so or through "
            "visitbridge-clock.path"
        ),
    ] = False
