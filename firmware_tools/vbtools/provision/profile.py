"""What a technician writes down once for an institution, and the list of its boxes.

The profile is TOML; the list is CSV with the columns ``serial``, ``apn_password``, ``sim_pin``, ``hotspot_ssid`` and
``hotspot_password``, of which only the first has to be filled in. Neither holds a secret of a box: those are made by the tool.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from visitbridge.errors import FieldInvalid

Host = Annotated[str, Meta(max_length=253, pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$")]
Interface = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,15}$")]
ADDRESS = "10.42.0.1"
"""Of a box on its own Wi-Fi, and the same on each: what its name server and its DHCP tell phones is part of the package."""

ModemKind = Literal["none", "sim7600", "ec25"]

Serial = Annotated[str, Meta(pattern=r"^[A-Z0-9][A-Z0-9-]{2,15}$")]
"""What is printed on the box; part of its Wi-Fi's name and of its own."""


HOTSPOT_INTERFACE = "wlan1"
"""A second Wi-Fi adapter, on a phone's hotspot or a router that is in the VPN (B16)."""

_COLUMNS = frozenset({"serial", "apn_password", "sim_pin", "hotspot_ssid", "hotspot_password"})

_SSID = r"^[^\s;\\]([^;\\\x00-\x1f\x7f]*[^\s;\\])?$"
"""NetworkManager's files have their own meaning for semicolons, backslashes and what is blank at an end."""


class PhonesSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The box's own Wi-Fi. ``{serial}`` in ``ssid`` stands for each box's serial number.

    Of ``names``, the first is the one that the box's own name server knows.
    """

    ssid: Annotated[str, Meta(max_length=32, pattern=_SSID)] = "NHI-GW-{serial}"
    country: Annotated[str, Meta(pattern=r"^[A-Z]{2}$")] = "TW"
    interface: Interface = "wlan0"
    names: tuple[Host, ...] = ("visitbridge.home.arpa", "visitbridge", "visitbridge.local")


class ModemProfileSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """As the section of the same name in the box's configuration; passwords and PINs are in the list of boxes."""

    profile: ModemKind = "none"
    interface: Interface = "usb0"
    apn: Annotated[str, Meta(max_length=100)] = ""
    auth: Annotated[str, Meta(pattern=r"^(none|pap|chap)$")] = "none"
    user: Annotated[str, Meta(max_length=64)] = ""


class TechnicianSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may log in to the machine itself: with a key, never with a password. Nobody when there is no key."""

    user: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,30}$")] = "technician"
    ssh_keys: tuple[
        Annotated[str, Meta(pattern=r"^(ssh-ed25519|ecdsa-sha2-nistp256|ssh-rsa) \S+( .*)?$")], ...
    ] = ()


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``authority``: the folder that ``vb-ca make`` made. ``package``: the .deb; empty if the image has it already.

    Relative paths count from the profile's own folder.
    """

    institution: Annotated[str, Meta(min_length=1, max_length=60)]
    authority: str = ""
    package: str = ""
    timezone: Annotated[str, Meta(pattern=r"^[A-Za-z_]+(/[A-Za-z_]+)*$")] = "Asia/Taipei"
    phones: PhonesSection = PhonesSection()
    modem: ModemProfileSection = ModemProfileSection()
    technician: TechnicianSection = TechnicianSection()
    uplinks: tuple[Interface, ...] = ("usb0", "wwan0", "eth0", "wlan1")

    def ssid(self, serial: str) -> str:
        """Raises FieldInvalid (``phones.ssid``) when it is longer than the 32 bytes of IEEE 802.11."""
        name = self.phones.ssid.replace("{serial}", serial)
        if len(name.encode()) > 32:
            raise FieldInvalid(f"{name} has more than 32 bytes", field="phones.ssid")
        return name

    def hosts(self) -> tuple[str, ...]:
        """Names and addresses that phones use, the address first: it works without any name service."""
        return (ADDRESS, *self.phones.names)


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the list."""

    serial: Serial
    apn_password: Annotated[str, Meta(max_length=64)] = ""
    sim_pin: Annotated[str, Meta(pattern=r"^([0-9]{4,8})?$")] = ""
    hotspot_ssid: Annotated[str, Meta(max_length=32, pattern=rf"^$|{_SSID}")] = ""
    hotspot_password: Annotated[str, Meta(pattern=r"^([!-[\]-~][ -[\]-~]{6,61}[!-[\]-~])?$")] = ""

    def __post_init__(self) -> None:
        if bool(self.hotspot_ssid) != bool(self.hotspot_password):
            raise ValueError("hotspot_ssid and hotspot_password come together")
        if len(self.hotspot_ssid.encode()) > 32:
            raise ValueError("hotspot_ssid has more than 32 bytes")


def read_profile(text: str) -> Profile:
    """Raises FieldInvalid naming the key."""
    try:
        return msgspec.toml.decode(text, type=Profile)
    except msgspec.DecodeError as exc:
        raise FieldInvalid(str(exc), field="profile") from exc


def read_boxes(text: str) -> tuple[Box, ...]:
    """Raises FieldInvalid naming the line; a PIN that is wrong is not repeated in the text."""
    boxes: list[Box] = []
    for number, row in enumerate(csv.DictReader(io.StringIO(text.lstrip("\ufeff"))), start=2):
        values = {str(key).strip(): (value or "").strip() for key, value in row.items() if key is not None}
        if None in row or not set(values) <= _COLUMNS:
            raise FieldInvalid(f"columns are {', '.join(sorted(_COLUMNS))}", field=f"line {number}")
        try:
            boxes.append(msgspec.convert(values, Box))
        except msgspec.ValidationError as exc:
            raise FieldInvalid(str(exc), field=f"line {number}") from exc
    serials = [box.serial for box in boxes]
    twice = sorted({serial for serial in serials if serials.count(serial) > 1})
    if twice:
        raise FieldInvalid(f"{', '.join(twice)} more than once", field="serial")
    if not boxes:
        raise FieldInvalid("no box in it", field="boxes")
    return tuple(boxes)


def beside(profile_file: Path, named: str) -> Path:
    """A path that the profile names, from the profile's own folder."""
    return profile_file.parent / named
