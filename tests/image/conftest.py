"""One box for all tests of this folder, from the image that ``./dev image`` made."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.image.box import Box
from vbtools.provision.command import main as provision

IMAGE = Path(__file__).parents[2] / ".artifacts/image/visitbridge-test.img"
PROFILE = """
institution = "仁愛居家護理所"
[technician]
ssh_keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample technician"]
"""


@pytest.fixture(scope="session")
def image() -> Path:
    assert IMAGE.is_file(), "there is no image; ./dev image makes it"
    return IMAGE


@pytest.fixture(scope="session")
def box(image: Path) -> Iterator[Box]:
    """Provisioned by ``vb-provision`` and switched on for the first time."""
    with tempfile.TemporaryDirectory(prefix="vb-image-") as folder:
        desk = Path(folder)
        (desk / "clinic.toml").write_text(PROFILE, "utf-8")
        (desk / "boxes.csv").write_text("serial,apn_password,sim_pin\nVB-001,,\n", "utf-8")
        batch = [str(desk / name) for name in ("clinic.toml", "boxes.csv", "out")]
        assert provision([*batch, "--form", "image"]) == 0
        box = Box(image, desk, desk / "out/VB-001")
        try:
            box.start("a")
            yield box
        finally:
            box.cut_power()
