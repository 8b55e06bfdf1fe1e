"""``vb-image``: make the image of an SD card for arm64 boxes, in two steps.

As root: ``vb-image root visitbridge_…_arm64.deb FOLDER`` makes the system from Debian's packages, with the sources of this
machine's apt. Then ``vb-image disk FOLDER FILE.img`` makes the card. The firmware of a Raspberry Pi is not Debian's to give:
``--firmware`` names a folder with its files, such as those of Raspberry Pi OS's boot partition.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from vbtools.command import run, say
from vbtools.image.boot_files import CONFIG, INITRD, KERNEL, autoboot, command_line
from vbtools.image.disk import assemble
from vbtools.image.initrd import copy_kernel, kernel_of, make_initrd
from vbtools.image.layout import SLOTS, Sizes, partitions
from vbtools.image.root import RELEASES, make_root
from visitbridge.errors import FieldInvalid

FIRMWARE_FILES = ("start4.elf", "fixup4.dat")
"""A folder without these is not the firmware of any board before the Raspberry Pi 5."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    return run(_parser(), arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vb-image",
        description="The image of an SD card for arm64 boxes.",
        epilog=(__doc__ or "").partition("\n\n")[2],
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    root = commands.add_parser(
        "root", help="make the system's folder, as root; takes minutes", allow_abbrev=False
    )
    root.add_argument("package", type=Path, help="our .deb for arm64")
    root.add_argument("folder", type=Path, help="new folder for the system")
    root.add_argument("--release", choices=RELEASES, default=RELEASES[0], help="of Debian; the package's")
    root.add_argument(
        "--with", dest="more", action="append", default=[], metavar="PACKAGE", help="of Debian's, too"
    )
    root.set_defaults(handler=_root)
    disk = commands.add_parser("disk", help="make the card's image from that folder", allow_abbrev=False)
    disk.add_argument("folder", type=Path)
    disk.add_argument("file", type=Path, help="new image")
    disk.add_argument(
        "--firmware", type=Path, help="folder with the Raspberry Pi's boot files; else none are in it"
    )
    for name in Sizes.__struct_fields__:
        size = getattr(Sizes(), name)
        disk.add_argument(f"--{name}-mib", type=int, default=size, metavar="MIB", help=f"({size})")
    disk.set_defaults(handler=_disk)
    return parser


def _root(arguments: argparse.Namespace) -> None:
    make_root(arguments.package, arguments.folder, arguments.release, arguments.more)
    say("tools.image.root", folder=str(arguments.folder))


def _disk(arguments: argparse.Namespace) -> None:
    sizes = Sizes(**{name: getattr(arguments, f"{name}_mib") for name in Sizes.__struct_fields__})
    make_disk(arguments.folder, arguments.file, sizes, arguments.firmware)
    say("tools.image.disk", file=str(arguments.file))
    if arguments.firmware is None:
        say("tools.image.no_firmware")


def make_disk(root: Path, file: Path, sizes: Sizes, firmware: Path | None) -> None:
    """Both slots with the same system. Raises FieldInvalid (``root``, ``firmware``, ``size``, ``file``)."""
    if firmware is not None and not any((firmware / name).is_file() for name in FIRMWARE_FILES):
        raise FieldInvalid(f"{firmware} holds no firmware of a Raspberry Pi", field="firmware")
    table = partitions(sizes)
    initrd = make_initrd(root, kernel_of(root))
    with tempfile.TemporaryDirectory(dir=file.parent, prefix="vb-image-") as folder:
        trees = {"card": Path(folder) / "card"}
        trees["card"].mkdir()
        (trees["card"] / "autoboot.txt").write_text(autoboot(table, "a"), "ascii")
        for slot in SLOTS:
            boot = trees[f"boot-{slot}"] = Path(folder) / f"boot-{slot}"
            boot.mkdir()
            if firmware is not None:
                shutil.copytree(firmware, boot, dirs_exist_ok=True)
            copy_kernel(root, boot, KERNEL)
            (boot / INITRD).write_bytes(initrd)
            (boot / "config.txt").write_text(CONFIG, "ascii")
            (boot / "cmdline.txt").write_text(command_line(slot), "ascii")
            trees[f"root-{slot}"] = root
        assemble(file, table, trees)


if __name__ == "__main__":
    sys.exit(main())
