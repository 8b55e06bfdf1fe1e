"""The contract of readers once more, for the code that lies in the package, with the libraries that lie beside it.

As elsewhere in this folder ours runs on this machine, and libccid, pcscd and the kernel's USB in the guest: see decision 0049. That
the installed gateway's own user gets to them from inside its sandbox is what test_service.py and test_quick.py show.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.vm.image import ROOT

pytestmark = pytest.mark.timeout(3600)

CONTRACT = ("tests/vm/test_usb_readers.py", "tests/vm/test_usbip_readers.py")
PRIVATE = "usr/lib/visitbridge/python"


def test_the_packaged_code_keeps_the_contract_of_readers(package: Path, tmp_path: Path) -> None:
    subprocess.run(["dpkg-deb", "--extract", str(package), str(tmp_path)], check=True)
    site = tmp_path / PRIVATE
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *CONTRACT],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
    assert f"visitbridge of {site}/visitbridge" in done.stdout
