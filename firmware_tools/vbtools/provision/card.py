"""Files for the boot partition of one box's SD card, the same for both ways in which an image takes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from vbtools.provision.profile import ADDRESS, HOTSPOT_INTERFACE, Box, Profile
from vbtools.provision.secrets import BoxSecrets

FOLDER = "visitbridge"
"""On the boot partition. Below it, ``private/`` holds what the first boot moves away and overwrites."""

_PRIVATE = f"{FOLDER}/private"
_HERE = Path(__file__).parent


def card_files(
    profile: Profile, box: Box, secrets: BoxSecrets, *, leaf: bytes, profiles: Mapping[str, str]
) -> dict[str, bytes]:
    """Path on the boot partition → content.

    ``leaf``: key, certificate and chain of the box, empty for none. ``profiles``: NetworkManager's profiles by file
    name, as the package ships them. Raises FieldInvalid (``phones.ssid``).
    """
    private = {
        "modem.password": box.apn_password.encode(),
        "modem.sim_pin": box.sim_pin.encode(),
        "box.pem": leaf,
        **{name: text.encode() for name, text in _connections(profile, box, secrets, profiles).items()},
    }
    return {
        f"{FOLDER}/first-boot.sh": (_HERE / "first_boot.sh").read_bytes(),
        f"{FOLDER}/50-box.toml": box_configuration(profile, box, secrets).encode(),
        f"{FOLDER}/visitbridge-interfaces.nft": _interfaces(profile).encode(),
        f"{FOLDER}/country": f"{profile.phones.country}\n".encode(),
        f"{FOLDER}/timezone": f"{profile.timezone}\n".encode(),
        **{f"{_PRIVATE}/{name}": content for name, content in private.items() if content},
    }


def box_configuration(profile: Profile, box: Box, secrets: BoxSecrets) -> str:
    """``conf.d/50-box.toml``: what this box is. It holds no secret: of the label's token, only the digest."""
    modem = profile.modem
    lines = [
        "# Written by vb-provision. What people change on a phone is kept in the store instead.",
        "[box]",
        f"name = {_quoted(f'{profile.institution} {box.serial}')}",
        "",
        "[http]",
        f"hosts = [{', '.join(map(_quoted, profile.hosts()))}]",
        "",
        "[pairing]",
        f"label_digest = {_quoted(secrets.label_digest)}",
    ]
    if modem.profile != "none":
        lines += [
            "",
            "[modem]",
            f"profile = {_quoted(modem.profile)}",
            f"interface = {_quoted(modem.interface)}",
            f"apn = {_quoted(modem.apn)}",
            f"auth = {_quoted(modem.auth)}",
            f"user = {_quoted(modem.user)}",
        ]
    if box.hotspot_ssid:
        # Only what is named here is a way to the data centre once something is.
        ways = ["modem"] if modem.profile != "none" else []
        ways += ["ethernet:eth0"] if "eth0" in profile.uplinks else []
        ways.append(f"hotspot:{HOTSPOT_INTERFACE}")
        lines += ["", "[uplinks]", f"order = [{', '.join(map(_quoted, ways))}]"]
    return "\n".join(lines) + "\n"


def _interfaces(profile: Profile) -> str:
    uplinks = ", ".join(f'"{name}"' for name in profile.uplinks)
    return (
        "# Written by vb-provision: which interface is which.\n"
        f'define phones = {{ "{profile.phones.interface}" }}\n'
        f"define uplinks = {{ {uplinks} }}\n"
    )


def _connections(
    profile: Profile, box: Box, secrets: BoxSecrets, profiles: Mapping[str, str]
) -> dict[str, str]:
    """The phones' Wi-Fi always; the modem's interface where there is a modem; the cable where it is an uplink; a hotspot
    where the box's line names one.
    """
    phones = profiles["visitbridge-phones.nmconnection"]
    phones = phones.replace("@SSID@", profile.ssid(box.serial)).replace("@PASSWORD@", secrets.wifi_key)
    phones = _with(phones, "interface-name", profile.phones.interface)
    made = {"visitbridge-phones.nmconnection": _with(phones, "address1", f"{ADDRESS}/24")}
    if profile.modem.profile != "none":
        vpn = profiles["visitbridge-vpn.nmconnection"]
        made["visitbridge-vpn.nmconnection"] = _with(vpn, "interface-name", profile.modem.interface)
    if "eth0" in profile.uplinks:
        made["visitbridge-cable.nmconnection"] = profiles["visitbridge-cable.nmconnection"]
    if box.hotspot_ssid:
        hotspot = _with(profiles["visitbridge-hotspot.nmconnection"], "ssid", box.hotspot_ssid)
        made["visitbridge-hotspot.nmconnection"] = _with(hotspot, "psk", box.hotspot_password)
    return made


def _with(text: str, key: str, value: str) -> str:
    changed, count = re.subn(rf"^{key}=.*$", lambda _: f"{key}={value}", text, flags=re.M)
    if count != 1:
        raise ValueError(f"{key} is there {count} times")
    return changed


def _quoted(text: str) -> str:
    """A basic string of TOML 1.0, with escapes for quotes, backslashes and control characters."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(f"\\u{ord(c):04x}" if ord(c) < 0x20 or ord(c) == 0x7F else c for c in escaped) + '"'
