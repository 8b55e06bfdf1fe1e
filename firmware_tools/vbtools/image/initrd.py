"""The first root of a box: Debian's static busybox, the drivers that lead to the card, and one script."""

from __future__ import annotations

import gzip
import shutil
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from visitbridge.errors import FieldInvalid

REQUIRED: Final = ("crc32c_generic", "ext4", "overlay", "mmc_block")
"""Without them no card of any board can be read. ext4 asks for its checksum by name, when nobody could load it any more."""

OPTIONAL: Final = (
    *("sdhci-iproc", "bcm2835", "reset-raspberrypi", "pcie-brcmstb", "xhci-pci", "usb-storage", "uas"),
    *("virtio_pci", "virtio_mmio", "virtio_blk"),
)
"""Cards and USB disks of Raspberry Pis, and the disks of virtual machines; some kernels have them built in."""

INIT: Final = Path(__file__).parent / "system/init.sh"
_BUSYBOX: Final = "bin/busybox"


def make_initrd(root: Path, kernel: str, *, init: Path = INIT) -> bytes:
    """``root``: a tree with /bin/busybox and the modules of ``kernel``. Raises FieldInvalid (``root``)."""
    if not (root / _BUSYBOX).is_file():
        raise FieldInvalid("the tree has no busybox-static", field="root")
    files: dict[str, tuple[int, bytes]] = {
        "init": (0o755, init.read_bytes()),
        _BUSYBOX: (0o755, (root / _BUSYBOX).read_bytes()),
    }
    for number, module in enumerate(modules_in_order(root, kernel)):
        files[f"modules/{number:02d}-{module.name}"] = (0o644, module.read_bytes())
    folders = ("bin", "modules", "proc", "sys", "dev", "lower", "over", "data", "root")
    return gzip.compress(_archive(folders, files), compresslevel=6, mtime=0)


def modules_in_order(root: Path, kernel: str) -> list[Path]:
    """Files of the modules, each after those it needs (modules.dep(5)).

    Raises FieldInvalid (``root``) where a required one is neither there nor built in.
    """
    folder = root / "lib/modules" / kernel
    needs = dict(_dependencies(folder / "modules.dep"))
    built_in = {_name(line) for line in _lines(folder / "modules.builtin")}
    found: dict[Path, None] = {}
    for name in map(_name, (*REQUIRED, *OPTIONAL)):
        if name in needs:
            found |= dict.fromkeys(folder / path for path in needs[name])
        elif name not in built_in and name in map(_name, REQUIRED):
            raise FieldInvalid(f"the kernel {kernel} has no {name}", field="root")
    return list(found)


def _dependencies(file: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Name → files in the order of their loading, itself last."""
    for line in _lines(file):
        path, _, rest = line.partition(":")
        yield _name(path), (*reversed(rest.split()), path)


def _name(path: str) -> str:
    """A module's name, which has no hyphens, from its file's or from what people call it."""
    return Path(path).name.partition(".ko")[0].replace("-", "_")


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text("utf-8").splitlines()
    except OSError as exc:
        raise FieldInvalid(f"{file.name} cannot be read: {exc.strerror}", field="root") from exc


def kernel_of(root: Path) -> str:
    """The release of the one kernel in the tree. Raises FieldInvalid (``root``)."""
    releases = sorted(path.name for path in (root / "lib/modules").glob("*") if path.is_dir())
    if len(releases) != 1:
        raise FieldInvalid(f"{len(releases)} kernels in the tree, not one", field="root")
    return releases[0]


def copy_kernel(root: Path, boot: Path, name: str) -> None:
    """The kernel and the descriptions of Raspberry Pi boards, as the firmware looks for them."""
    release = kernel_of(root)
    shutil.copyfile(root / f"boot/vmlinuz-{release}", boot / name)
    for description in sorted((root / f"usr/lib/linux-image-{release}/broadcom").glob("*.dtb")):
        shutil.copyfile(description, boot / description.name)


def _archive(folders: Iterable[str], files: dict[str, tuple[int, bytes]]) -> bytes:
    """A cpio archive of the "new ASCII" form that Linux takes (Documentation/driver-api/early-userspace/buffer-format.rst)."""
    entries = [(name, stat.S_IFDIR | 0o755, b"") for name in folders]
    entries.append(("bin/sh", stat.S_IFLNK | 0o777, b"busybox"))
    entries += [(name, stat.S_IFREG | mode, content) for name, (mode, content) in files.items()]
    entries.append(("TRAILER!!!", 0, b""))
    parts = []
    for number, (name, mode, content) in enumerate(entries, start=1):
        path = name.encode() + b"\0"
        fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(path), 0)
        head = b"070701" + b"".join(b"%08X" % field for field in fields) + path
        parts += [head, bytes(-len(head) % 4), content, bytes(-len(content) % 4)]
    return b"".join(parts)
