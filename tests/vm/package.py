"""The package under test, and a machine on which it was installed before it first started.

As a program: build what a box in a virtual machine is made of, whatever of it is missing.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import msgspec

from tests.vm.guest import Image
from tests.vm.image import CACHE, ROOT, build_system

Made = TypeVar("Made")

GIVEN = "VISITBRIDGE_DEB"
"""Names the package to test in the environment; without it, one is built of this checkout."""

THIS, FOLLOWING = "visitbridge_this.deb", "visitbridge_next.deb"
NEXT_VERSION = "99.0"
PACKAGES = "vb-packages"
"""The label of a disk with ``THIS``, the package under test, and ``FOLLOWING``, the release after it."""

_MIGRATIONS = "usr/lib/visitbridge/python/visitbridge/adapters/store/migrations"
_SOURCES = (
    "daemon",
    "firmware_tools",
    "webui",
    "systemd",
    "debian",
    "requirements.lock",
    "pyproject.toml",
    "dev",
)
_KEPT_S = 86_400.0
_BOX = Path(__file__).with_name("inside") / "box"
# Packed by hand and read by an emulated processor: time counts, bytes do not.
_QUICKLY = {"DPKG_DEB_COMPRESSOR_TYPE": "gzip", "DPKG_DEB_COMPRESSOR_LEVEL": "1"}


def build_package() -> Path:
    """The package of the checkout as it is, built unless it was before."""
    if os.environ.get(GIVEN):
        return Path(os.environ[GIVEN])
    CACHE.mkdir(parents=True, exist_ok=True)
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
    system = build_system()
    return Image(kernel=system / "vmlinuz", initrd=system / "initrd.gz", disk=system / "disk.img")


def install(package: Path) -> Image:
    """The guest's system with the package installed and the box provisioned, but never started."""
    system = build_system()
    recipe = hashlib.sha256(package.read_bytes())
    for file in (Path(__file__), *sorted(_BOX.iterdir())):
        recipe.update(file.read_bytes())
    recipe.update(str(system).encode())
    disk = CACHE / f"installed-{recipe.hexdigest()[:16]}.img"
    if not disk.exists():
        _forget_old("installed-*.img")
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            root, unfinished = Path(folder) / "root", Path(folder) / "disk"
            _run("cp", "--archive", "--reflink=auto", str(system / "root"), str(root))
            _install_in(root, package)
            _fill(unfinished, root)
            unfinished.replace(disk)
    return msgspec.structs.replace(bare_image(), disk=disk)


def packages_disk(package: Path, folder: Path) -> Path:
    """A disk labelled ``PACKAGES``, made in ``folder``."""
    tree, disk = folder / "packages", folder / "packages.img"
    tree.mkdir()
    shutil.copy(package, tree / THIS)
    _make_following(package, tree / FOLLOWING, folder / "following")
    _fill(disk, tree, "-L", PACKAGES)
    return disk


def _make_following(package: Path, made: Path, root: Path) -> None:
    """The package once more with a later version, and one more step of the store's schema, which only adds."""
    _run("dpkg-deb", "--raw-extract", str(package), str(root))
    control = root / "DEBIAN/control"
    control.write_text(
        re.sub("(?m)^Version: .*$", f"Version: {NEXT_VERSION}", control.read_text("utf-8")), "utf-8"
    )
    migrations = root / _MIGRATIONS
    known = migrations / "__init__.py"
    before, listed, after = re.split(r"(?m)^(REVISIONS: Final = \(.*)\)$", known.read_text("utf-8"))
    head = re.findall('"([0-9]+)"', listed)[-1]
    step = f"{int(head) + 1:04d}"
    known.write_text(f'{before}{listed}, "{step}"){after}', "utf-8")
    text = (_BOX.parent / "next_step.py").read_text("utf-8").replace("HEAD", head).replace("NEXT", step)
    (migrations / f"versions/{step}_next.py").write_text(text, "utf-8")
    _run("dpkg-deb", "-Zgzip", "-z1", "--build", "--root-owner-group", str(root), str(made))


def _install_in(root: Path, package: Path) -> None:
    """As `apt` would, on a system that is not running: its units start with it."""
    for name, number in (("null", 3), ("zero", 5), ("random", 8), ("urandom", 9)):
        with contextlib.suppress(FileExistsError):
            os.mknod(root / "dev" / name, 0o20666, os.makedev(1, number))
    shutil.copy(package, root / "root/visitbridge.deb")
    # Credentials are sealed to the machine's id as well.
    _inside(root, "systemd-machine-id-setup")
    # The package seals the store's key where systemd runs; this machine is to be a box that does, not an image for many.
    (root / "run/systemd/system").mkdir(parents=True)
    _inside(root, "dpkg", "--force-unsafe-io", "--install", "/root/visitbridge.deb")
    shutil.rmtree(root / "run/systemd")
    (root / "root/visitbridge.deb").unlink()
    (root / "etc/visitbridge/conf.d").mkdir()
    shutil.copy(_BOX / "50-box.toml", root / "etc/visitbridge/conf.d")
    for link in _BOX.glob("*.link"):
        shutil.copy(link, root / "etc/systemd/network")
    (root / "etc/systemd/system/visitbridge.service.d").mkdir()
    shutil.copy(_BOX / "slow-start.conf", root / "etc/systemd/system/visitbridge.service.d")


def _inside(root: Path, *command: str) -> None:
    # Nobody there could start a unit.
    environment = (
        "DEBIAN_FRONTEND=noninteractive",
        "SYSTEMD_OFFLINE=1",
        "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
    )
    _run("env", "--ignore-environment", *environment, "chroot", str(root), *command)


def _run(*command: str) -> None:
    """What it says matters only if it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.returncode}\n{done.stdout}"


def _forget_old(pattern: str) -> None:
    """Each change of the program makes a new one, of about a gigabyte; those of another day are of no use."""
    for entry in CACHE.glob(pattern):
        if time.time() - entry.stat().st_mtime > _KEPT_S:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def _fill(disk: Path, tree: Path, *options: str) -> None:
    used = sum(file.lstat().st_size + 4096 for file in tree.rglob("*"))
    with disk.open("wb") as empty:
        empty.truncate(used + used // 4 + (1200 << 20))
    _run("mke2fs", "-q", "-F", "-t", "ext4", *options, "-d", str(tree), str(disk))


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


def _timed(what: str, make: Callable[[], Made]) -> Made:
    began_s = time.monotonic()
    made = make()
    sys.stderr.write(f"▸ {what}: {time.monotonic() - began_s:.1f} s\n")
    sys.stderr.flush()
    return made


def main() -> None:
    # Each waits for its downloads while the other works.
    with ThreadPoolExecutor() as both:
        system = both.submit(_timed, "the guest's system", build_system)
        package = both.submit(_timed, "the package", build_package)
    system.result()
    _timed("the package installed in it", lambda: install(package.result()))


if __name__ == "__main__":
    main()
