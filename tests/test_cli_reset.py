"""``visitbridge reset`` against a running daemon: the box's name typed, erased in the same process, then begun again."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S
from tests.test_cli import config_file, gateway
from visitbridge.cli import main
from visitbridge.cli.exit_codes import EXIT_REFUSED, EXIT_UNAVAILABLE
from visitbridge.config import load_config

__all__ = ["gateway"]


def reset(tmp_path: Path, *words: str) -> int:
    return main(["reset", "--config", str(config_file(tmp_path)), *words])


def ready(gateway: subprocess.Popen[str]) -> dict[str, str]:
    assert gateway.stdout is not None
    line: dict[str, str] = json.loads(gateway.stdout.readline())
    return line


def test_a_box_is_erased_by_its_name_alone_and_begun_again(
    gateway: subprocess.Popen[str], tmp_path: Path
) -> None:
    name = load_config(config_file(tmp_path)).config.box.name
    before = ready(gateway)
    too_early = reset(tmp_path, "--begin-again")
    another = reset(tmp_path, "--name", "another box")
    done = reset(tmp_path, "--name", name)
    after = ready(gateway)
    gateway.send_signal(signal.SIGTERM)
    gateway.communicate(timeout=PATIENCE_S)
    left = sorted(path.name for path in (tmp_path / "state").iterdir())
    again = reset(tmp_path, "--begin-again")

    assert (too_early, another, done, again) == (EXIT_REFUSED, EXIT_REFUSED, 0, 0)
    assert before["pair_url"]
    assert after["pair_url"] == ""
    assert before["fingerprint"] != after["fingerprint"]
    assert left == ["erased.json", "tls"]


def test_a_box_that_does_not_run_cannot_be_reset(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert reset(tmp_path, "--name", "box") == EXIT_UNAVAILABLE
    assert capsys.readouterr().err
