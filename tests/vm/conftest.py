"""One guest for all tests of this folder; a test that wants power to fail takes one of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import visitbridge
from tests.pcsc import clients_of
from tests.vm.guest import Guest, Image, open_guest
from tests.vm.image import discard_checkout, prepare_image
from tests.vm.inside_view import prepare
from tests.vm.package import build_package, install, packages_disk
from tests.vm.readers import COUNT, LEFT_OUT, plug_in, pull_out, usb_readers, wait_count
from tests.vm.wires import PCSCD, Wires, open_socket


def pytest_report_header() -> list[str]:
    left_out = [
        f"left to our own USB readers, not on QEMU's: {name} ({why})" for name, why in LEFT_OUT.items()
    ]
    return [f"visitbridge of {Path(visitbridge.__file__).parent}", *left_out]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    usb = [item for item in items if item.path.name == "test_usb_readers.py"]
    out = [
        item
        for item in usb
        if "bench" in getattr(item, "fixturenames", ()) and any(name in item.name for name in LEFT_OUT)
    ]
    config.hook.pytest_deselected(items=out)
    items[:] = [item for item in items if item not in out]


@pytest.fixture(scope="session")
def image() -> Iterator[Image]:
    built = prepare_image()
    yield built
    discard_checkout(built)


@pytest.fixture(scope="session")
def wires() -> Wires:
    """From this machine to the guest's daemons."""
    return Wires()


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """Of the guest's sockets."""
    with tempfile.TemporaryDirectory(prefix="vb-vm-") as path:
        yield Path(path)


@pytest.fixture(scope="session")
def guest(image: Image, folder: Path, wires: Wires) -> Iterator[Guest]:
    with open_guest(image, folder, (*usb_readers(folder), *wires.devices)) as booted:
        prepare(booted)
        wires.plug_in(booted)
        yield booted


@pytest.fixture(scope="module")
def pcscd(guest: Guest, wires: Wires, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Clients in this process talk to the guest's."""
    path = tmp_path_factory.mktemp("wires") / "pcscd"
    with open_socket(path, wires.ports[PCSCD]), clients_of(path):
        yield


@pytest.fixture(scope="module")
def without_qemus_readers(pcscd: None, guest: Guest) -> Iterator[None]:
    """They are pulled out, and come back at the end."""
    for number in range(1, COUNT + 1):
        pull_out(guest, number)
    wait_count(0)
    yield
    for number in range(1, COUNT + 1):
        plug_in(guest, number, port=number)
        wait_count(number)


@pytest.fixture(scope="session")
def package() -> Path:
    """The .deb under test."""
    return build_package()


@pytest.fixture(scope="session")
def installed(package: Path) -> Image:
    """A box: the guest's system with the package in it, as it comes out of provisioning."""
    return install(package)


@pytest.fixture(scope="session")
def packages(package: Path) -> Iterator[Path]:
    """A disk with the package under test and the release after it."""
    with tempfile.TemporaryDirectory(prefix="vb-deb-") as folder:
        yield packages_disk(package, Path(folder))
