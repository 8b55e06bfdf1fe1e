"""The package under test, and a machine on which it was installed before it first started."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import msgspec

from tests.vm.guest import Image
from tests.vm.image import CACHE, ROOT, build_lasting

GIVEN = "VISITBRIDGE_DEB"
"""Names the package to test in the environment; without it, one is built of this checkout."""

_SOURCES = ("daemon/visitbridge", "firmware_tools", "webui", "systemd", "debian", "requirements.lock", "dev")
_KEPT_S = 86_400.0
_BOX = Path(__file__).with_name("inside") / "box"
# Packed by hand and read by an emulated processor: time counts, bytes do not.
_QUICKLY = {"DPKG_DEB_COMPRESSOR_TYPE": "gzip", "DPKG_DEB_COMPRESSOR_LEVEL": "1"}


def build_package() -> Path:
    """The package of the checkout as it is, built unless it was before."""
    if os.environ.get(GIVEN):
        return Path(os.environ[GIVEN])
    folder = CACHE / f"package-{_digest_of_sources()}"
    if not folder.exists():
        _forget_old("package-*")
        with tempfile.TemporaryDirectory(dir=CACHE) as unfinished:
            environment = {**os.environ, **_QUICKLY, "PACKAGE_FOLDER": unfinished}
            subprocess.run([str(ROOT / "dev"), "package"], env=environment, check=True)
            folder.mkdir()
            for made in Path(unfinished).glob("*.deb"):
                made.replace(folder / made.name)
    (package,) = folder.glob("*.deb")
    return package


def bare_image() -> Image:
    """The guest's system without anything of ours."""
    system, _ = build_lasting()
    return Image(kernel=system / "vmlinuz", initrd=system / "initrd.gz", disk=system / "disk.img")


def install(image: Image, package: Path) -> Image:
    """The system of ``image`` with the package installed and the box provisioned, but never started."""
    recipe = hashlib.sha256(package.read_bytes())
    for file in (Path(__file__), *sorted(_BOX.iterdir())):
        recipe.update(file.read_bytes())
    recipe.update(str(image.disk).encode())
    disk = CACHE / f"installed-{recipe.hexdigest()[:16]}.img"
    if not disk.exists():
        _forget_old("installed-*.img")
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            root, unfinished = Path(folder) / "root", Path(folder) / "disk"
            root.mkdir()
            subprocess.run(
                ["debugfs", "-R", f"rdump / {root}", str(image.disk)], check=True, capture_output=True
            )
            _install_in(root, package)
            _fill(unfinished, root)
            unfinished.replace(disk)
    return msgspec.structs.replace(image, disk=disk)


def _install_in(root: Path, package: Path) -> None:
    """As `apt` would, on a system that is not running: its units start with it."""
    for name, number in (("null", 3), ("zero", 5), ("random", 8), ("urandom", 9)):
        with contextlib.suppress(FileExistsError):
            os.mknod(root / "dev" / name, 0o20666, os.makedev(1, number))
    shutil.copy(package, root / "root/visitbridge.deb")
    environment = {"DEBIAN_FRONTEND": "noninteractive", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    inside = ("chroot", str(root))
    # Credentials are sealed to the machine's id as well.
    subprocess.run([*inside, "systemd-machine-id-setup"], env=environment, check=True, capture_output=True)
    subprocess.run(
        [*inside, "dpkg", "--install", "/root/visitbridge.deb"],
        env=environment,
        check=True,
        capture_output=True,
    )
    (root / "root/visitbridge.deb").unlink()
    (root / "etc/visitbridge/conf.d").mkdir()
    shutil.copy(_BOX / "50-box.toml", root / "etc/visitbridge/conf.d")
    for link in _BOX.glob("*.link"):
        shutil.copy(link, root / "etc/systemd/network")
    (root / "etc/systemd/system/visitbridge.service.d").mkdir()
    shutil.copy(_BOX / "slow-start.conf", root / "etc/systemd/system/visitbridge.service.d")


def _forget_old(pattern: str) -> None:
    """Each change of the program makes a new one, of about a gigabyte; those of another day are of no use."""
    for entry in CACHE.glob(pattern):
        if time.time() - entry.stat().st_mtime > _KEPT_S:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def _fill(disk: Path, tree: Path) -> None:
    used = sum(file.lstat().st_size + 4096 for file in tree.rglob("*"))
    with disk.open("wb") as empty:
        empty.truncate(used + used // 4 + (1200 << 20))
    subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", "-d", str(tree), str(disk)], check=True)


def _digest_of_sources() -> str:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *_SOURCES],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    whole = hashlib.sha256()
    for name in sorted(filter(None, listed.stdout.decode().split("\0"))):
        file = ROOT / name
        if file.is_file():
            whole.update(name.encode() + b"\0" + file.read_bytes() + b"\0")
    return whole.hexdigest()[:16]
