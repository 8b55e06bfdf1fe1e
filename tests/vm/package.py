"""The package under test, the release after it, and a machine on which it was installed before it first started."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import msgspec

from tests.vm.guest import Image
from tests.vm.image import CACHE, ROOT, build_lasting

GIVEN = "VISITBRIDGE_DEB"
"""Names the package to test in the environment; without it, one is built of this checkout."""

THIS, FOLLOWING = "visitbridge_this.deb", "visitbridge_next.deb"
NEXT_VERSION = "99.0"
LABEL = "vb-packages"
_PRIVATE = "usr/lib/visitbridge/python"
_SOURCES = ("daemon/visitbridge", "firmware_tools", "webui", "systemd", "debian", "requirements.lock", "dev")
_BOX = Path(__file__).with_name("inside") / "box"
# Packed by hand and read by an emulated processor: time counts, bytes do not.
_QUICKLY = {"DPKG_DEB_COMPRESSOR_TYPE": "gzip", "DPKG_DEB_COMPRESSOR_LEVEL": "1"}


def build_package() -> Path:
    """The package of the checkout as it is, built unless it was before."""
    if os.environ.get(GIVEN):
        return Path(os.environ[GIVEN])
    folder = CACHE / f"package-{_digest_of_sources()}"
    if not folder.exists():
        unfinished = Path(tempfile.mkdtemp(dir=CACHE))
        environment = {**os.environ, **_QUICKLY, "PACKAGE_FOLDER": str(unfinished)}
        subprocess.run([str(ROOT / "dev"), "package"], env=environment, check=True)
        for rest in (entry for entry in unfinished.iterdir() if entry.is_dir()):
            shutil.rmtree(rest)
        unfinished.replace(folder)
    (package,) = folder.glob("*.deb")
    return package


def packages_disk(package: Path, folder: Path) -> Path:
    """A disk labelled ``LABEL`` with ``THIS``, the package under test, and ``FOLLOWING``, the release after it."""
    tree = folder / "packages"
    tree.mkdir()
    shutil.copy(package, tree / THIS)
    _make_following(package, tree / FOLLOWING)
    disk = folder / "packages.img"
    _fill(disk, LABEL, tree)
    return disk


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
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            root, unfinished = Path(folder) / "root", Path(folder) / "disk"
            root.mkdir()
            subprocess.run(
                ["debugfs", "-R", f"rdump / {root}", str(image.disk)], check=True, capture_output=True
            )
            _install_in(root, package)
            _fill(unfinished, "", root)
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


def _make_following(package: Path, made: Path) -> None:
    """The package once more with a later version, and one more step of the store's schema, which only adds."""
    with tempfile.TemporaryDirectory(dir=made.parent.parent) as folder:
        root = Path(folder) / "root"
        subprocess.run(["dpkg-deb", "--raw-extract", str(package), str(root)], check=True)
        control = root / "DEBIAN/control"
        lines = control.read_text("utf-8").splitlines(keepends=True)
        lines = [f"Version: {NEXT_VERSION}\n" if line.startswith("Version:") else line for line in lines]
        control.write_text("".join(lines), "utf-8")
        versions = root / _PRIVATE / "visitbridge/adapters/store/migrations/versions"
        head = max(file.stem for file in versions.glob("0*.py")).partition("_")[0]
        step = (Path(__file__).with_name("inside") / "next_step.py").read_text("utf-8")
        (versions / f"{int(head) + 1:04d}_next.py").write_text(
            step.replace("HEAD", head).replace("NEXT", f"{int(head) + 1:04d}"), "utf-8"
        )
        subprocess.run(
            ["dpkg-deb", "-Zgzip", "-z1", "--build", "--root-owner-group", str(root), str(made)], check=True
        )


def _fill(disk: Path, label: str, tree: Path) -> None:
    used = sum(file.lstat().st_size + 4096 for file in tree.rglob("*"))
    with disk.open("wb") as empty:
        empty.truncate(used + used // 4 + (1200 << 20))
    subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", "-L", label, "-d", str(tree), str(disk)], check=True)


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
