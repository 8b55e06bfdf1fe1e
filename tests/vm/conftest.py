"""One guest for all tests of this folder; a test that wants power to fail takes one of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.vm.guest import Guest, Image, open_guest
from tests.vm.image import discard_checkout, prepare_image
from tests.vm.inside_view import prepare
from tests.vm.package import bare_image, build_package, install
from tests.vm.readers import usb_readers


@pytest.fixture(scope="session")
def image() -> Iterator[Image]:
    built = prepare_image()
    yield built
    discard_checkout(built)


@pytest.fixture(scope="session")
def guest(image: Image) -> Iterator[Guest]:
    with (
        tempfile.TemporaryDirectory(prefix="vb-vm-") as folder,
        open_guest(image, Path(folder), usb_readers(Path(folder))) as booted,
    ):
        prepare(booted)
        yield booted


@pytest.fixture(scope="session")
def package() -> Path:
    """The .deb under test."""
    return build_package()


@pytest.fixture(scope="session")
def installed(package: Path) -> Image:
    """A box: the guest's system with the package in it, as it comes out of provisioning."""
    return install(bare_image(), package)
