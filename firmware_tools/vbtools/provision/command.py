"""``vb-provision``: SD cards and labels for a batch of boxes, on a technician's laptop (B01, beyond #12)."""

from __future__ import annotations

import argparse
import datetime as dt
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from vbtools.command import ask_hidden, run, say
from vbtools.new_files import PRIVATE, PUBLIC, read_given, write_new
from vbtools.provision.card import FOLDER, card_files
from vbtools.provision.images import FIRSTRUN_ARGUMENTS, FORMS, image_files
from vbtools.provision.labels import Label, label_sheet
from vbtools.provision.links import page_code, wifi_code
from vbtools.provision.profile import (
    ADDRESS,
    HOTSPOT_INTERFACE,
    Box,
    Profile,
    beside,
    read_boxes,
    read_profile,
)
from vbtools.provision.secrets import BoxSecrets, make_secrets
from visitbridge.errors import FieldInvalid
from visitbridge.protocols.certificates import KeyPair, issue_leaf

INSTALLED_PROFILES = Path("/usr/share/visitbridge/NetworkManager")
CHECKOUT_PROFILES = Path(__file__).parents[3] / "systemd/NetworkManager"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    # The font's bitmaps for old screens are left out of the PDF, which the library finds worth a warning.
    logging.getLogger("fontTools.subset").setLevel(logging.ERROR)
    return run(_parser(), arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vb-provision",
        description="What the SD cards and the labels of a batch of boxes need.",
        epilog="For each box: write the image to the card with Raspberry Pi Imager, without its own settings; copy "
        "the box's folder onto the card's first partition; put the card into the box and switch it on.",
        allow_abbrev=False,
    )
    parser.add_argument("profile", type=Path, help="TOML file that describes the institution's boxes")
    parser.add_argument(
        "boxes", type=Path, help="CSV file: serial, apn_password, sim_pin, hotspot_ssid, hotspot_password"
    )
    parser.add_argument("folder", type=Path, help="new folder; one below it for each box, and labels.pdf")
    parser.add_argument("--form", choices=FORMS, default=FORMS[0], help="how the image takes files over")
    parser.set_defaults(handler=_provision)
    return parser


def _provision(arguments: argparse.Namespace) -> None:
    profile = read_profile(_text(arguments.profile))
    boxes = read_boxes(_text(arguments.boxes))
    make_leaf = _leaf_maker(profile, arguments.profile)
    package = _package(profile, arguments.profile, arguments.form)
    network = _network_profiles()
    _refuse_one_name_for_all(profile, boxes)
    _refuse_closed_hotspots(profile, boxes)
    cards, labels = {}, []
    for box in boxes:
        secrets = make_secrets()
        files = card_files(profile, box, secrets, leaf=make_leaf(), profiles=network)
        cards[box.serial] = {**files, **image_files(arguments.form, profile, box), **package}
        labels.append(_label(profile, box, secrets))
    sheet = label_sheet(labels)
    # Nothing is refused from here on: what was mended can be run again under the same name.
    folder: Path = arguments.folder
    _make_folder(folder)
    for serial, files in cards.items():
        _write_card(folder / serial, files)
        say("tools.provision.box", serial=serial, folder=str(folder / serial))
    write_new(folder / "labels.pdf", sheet)
    say("tools.provision.labels", file=str(folder / "labels.pdf"), count=len(labels))
    if arguments.form == "firstrun":
        say("tools.provision.firstrun", arguments=FIRSTRUN_ARGUMENTS)


def _refuse_one_name_for_all(profile: Profile, boxes: Sequence[Box]) -> None:
    """Each box has a key of its own: a phone that knows one of them would try it at the next."""
    names = {profile.ssid(box.serial) for box in boxes}
    if len(names) < len(boxes):
        raise FieldInvalid("the same for every box: put {serial} into it", field="phones.ssid")


def _refuse_closed_hotspots(profile: Profile, boxes: Sequence[Box]) -> None:
    """The box's firewall answers nobody on an interface that is neither the phones' nor an uplink."""
    if any(box.hotspot_ssid for box in boxes) and (
        HOTSPOT_INTERFACE not in profile.uplinks or profile.phones.interface == HOTSPOT_INTERFACE
    ):
        raise FieldInvalid(f"a hotspot is reached through {HOTSPOT_INTERFACE}: name it here", field="uplinks")


def _leaf_maker(profile: Profile, profile_file: Path) -> Callable[[], bytes]:
    """Issues one certificate after the other; nothing where the profile names no authority."""
    if not profile.authority:
        return bytes
    folder = beside(profile_file, profile.authority)
    authority = KeyPair(certificate=read_given(folder / "ca.pem"), key=read_given(folder / "ca.key"))
    passphrase = ask_hidden("tools.ca.passphrase") if b"ENCRYPTED" in authority.key else None
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)

    def issue() -> bytes:
        leaf = issue_leaf(authority, profile.hosts(), now, passphrase=passphrase)
        return leaf.key + leaf.certificate

    return issue


def _package(profile: Profile, profile_file: Path, form: str) -> dict[str, bytes]:
    """What would fail on the box, a hundred kilometres away, is refused here."""
    if not profile.package:
        return {}
    file = beside(profile_file, profile.package)
    if not (file.name.startswith("visitbridge_") and file.suffix == ".deb"):
        raise FieldInvalid(f"{file.name} is not a package of visitbridge", field="package")
    if not file.name.endswith("_arm64.deb"):
        raise FieldInvalid(f"{file.name} is for another machine: a box is arm64", field="package")
    if form == "image":
        raise FieldInvalid("our own image has the package already: leave package out", field="package")
    if form == "cloudinit-rpi" and "+deb12_" in file.name:
        raise FieldInvalid(
            f"{file.name} is for Debian 12; images that read cloud-init are Debian 13", field="package"
        )
    return {f"{FOLDER}/{file.name}": read_given(file)}


def _network_profiles() -> dict[str, str]:
    folder = CHECKOUT_PROFILES if CHECKOUT_PROFILES.is_dir() else INSTALLED_PROFILES
    return {file.name: file.read_text("utf-8") for file in folder.glob("*.nmconnection")}


def _label(profile: Profile, box: Box, secrets: BoxSecrets) -> Label:
    ssid = profile.ssid(box.serial)
    return Label(
        institution=profile.institution,
        serial=box.serial,
        ssid=ssid,
        wifi_key=secrets.wifi_key,
        address=ADDRESS,
        wifi=wifi_code(ssid, secrets.wifi_key),
        page=page_code(ADDRESS, secrets.label_token),
    )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True)
    except OSError as exc:
        raise FieldInvalid(f"cannot make {folder}: {exc.strerror}", field="folder") from exc


def _write_card(card: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        file = card / name
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        is_private = file.parent.name == "private"
        write_new(file, content, mode=PRIVATE if is_private else PUBLIC)


def _text(file: Path) -> str:
    try:
        return read_given(file).decode("utf-8")
    except UnicodeDecodeError as exc:
        raise FieldInvalid(f"{file} is not UTF-8", field="file") from exc


if __name__ == "__main__":
    sys.exit(main())
