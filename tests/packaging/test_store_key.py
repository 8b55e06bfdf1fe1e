"""The script that makes the store's key: what a power cut at any of its steps leaves, and which key it never touches."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "systemd/make-store-key"

STEP = r"""#!/bin/sh
step=$( (flock 9; echo . >&9; /usr/bin/wc -l <"$STEPS") 9>>"$STEPS" )
[ "$step" -ne "$CUT_BEFORE" ] || kill -KILL 0
"""
"""How each program begins that stands in for one of the system: the power goes before step ``CUT_BEFORE``."""

CREDS = r"""for last; do :; done
case "$1" in
    encrypt) { echo sealed; cat; echo; echo end; } >"$last" ;;
    decrypt) [ "$(head -n 1 "$3")" = sealed ] && [ "$(tail -n 1 "$3")" = end ] && cat "$3" ;;
esac
"""
"""In the place of systemd-creds: what it cannot read to the end it does not open."""

PROGRAMS = {
    "systemd-creds": CREDS,
    "sync": '/usr/bin/stat --format="%i %n" "$1" >>"$SYNCED"\n',
    **{name: f'exec /usr/bin/{name} "$@"\n' for name in ("head", "install", "mv", "rm", "wc")},
}
STEPS = 10
"""What making a key takes; a cut before the one after them comes when all is done."""

DAMAGED = {"empty": b"", "half": b"sealed\nhalf"}


class Machine:
    """``credentials`` and ``state`` stand in for /etc/credstore.encrypted and /var/lib/visitbridge."""

    def __init__(self, folder: Path) -> None:
        self.credentials, self.state = folder / "credstore", folder / "state"
        self.key, self.new = self.credentials / "store.key", self.credentials / ".store.key.new"
        self._programs, self._synced, self._steps = folder / "bin", folder / "synced", folder / "steps"
        self._settled = -1
        for place in (self.credentials, self.state, self._programs):
            place.mkdir()
        for name, text in PROGRAMS.items():
            (self._programs / name).write_text(STEP + text)
            (self._programs / name).chmod(0o755)

    def run(self, *, cut_before: int = 0) -> subprocess.CompletedProcess[str]:
        self._synced.write_text("")
        self._steps.write_text("")
        return subprocess.run(
            ["sh", SCRIPT, self.credentials, self.state],
            env={
                "PATH": f"{self._programs}:{os.environ['PATH']}",
                "STEPS": str(self._steps),
                "SYNCED": str(self._synced),
                "CUT_BEFORE": str(cut_before),
            },
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,
        )

    def put(self, key: bytes | None) -> None:
        """The key that a machine has already, if any."""
        if key is not None:
            self.key.write_bytes(key)
            self._settled = self.key.stat().st_ino

    def replace(self, program: str, text: str) -> None:
        (self._programs / program).write_text(STEP + text)

    @property
    def synced(self) -> list[str]:
        return [line.partition(" ")[2] for line in self._synced.read_text().splitlines()]

    @property
    def steps(self) -> int:
        return len(self._steps.read_text().splitlines())

    def lose_power(self) -> None:
        """Names are on the disk, as they may be; content that was never synchronized is not."""
        written = {int(line.partition(" ")[0]) for line in self._synced.read_text().splitlines()}
        for file in self.credentials.iterdir():
            if file.stat().st_ino not in {*written, self._settled}:
                file.write_bytes(b"")

    @property
    def content(self) -> bytes | None:
        return self.key.read_bytes() if self.key.exists() else None


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def is_whole(key: bytes | None) -> bool:
    return key is not None and key.startswith(b"sealed\n") and key.endswith(b"\nend\n") and len(key) == 44


def test_a_key_is_made_once(machine: Machine) -> None:
    assert machine.run().returncode == 0
    assert (machine.steps, machine.synced) == (STEPS, [str(machine.new), str(machine.credentials)])
    first = machine.content
    assert machine.run().returncode == 0

    assert is_whole(first)
    assert machine.content == first
    assert list(machine.credentials.iterdir()) == [machine.key]
    assert machine.key.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("before", [None, *DAMAGED.values()], ids=["none", *DAMAGED])
@pytest.mark.parametrize("step", range(1, STEPS + 4))
def test_a_power_cut_at_any_step_leaves_what_was_or_a_whole_key(
    machine: Machine, step: int, before: bytes | None
) -> None:
    machine.put(before)
    machine.run(cut_before=step)
    machine.lose_power()
    left = machine.content

    assert left == before or is_whole(left)
    assert machine.run().returncode == 0
    assert is_whole(machine.content)
    assert left in {before, machine.content}


@pytest.mark.parametrize("damaged", DAMAGED.values(), ids=list(DAMAGED))
@pytest.mark.parametrize("made", ["store.db", "store.db-wal", "keys.ring", "keys.ring.copy", "backups"])
def test_a_damaged_key_that_may_be_needed_is_left_alone(machine: Machine, made: str, damaged: bytes) -> None:
    machine.put(damaged)
    (machine.state / made).mkdir()

    told = machine.run()

    assert (told.returncode, machine.content) == (0, damaged)
    assert f"{machine.state / made} may need it" in told.stderr
    assert list(machine.credentials.iterdir()) == [machine.key]


def test_a_certificate_that_lies_there_needs_no_key(machine: Machine) -> None:
    machine.put(b"")
    (machine.state / "tls").mkdir()

    assert machine.run().returncode == 0
    assert is_whole(machine.content)


def test_a_key_that_does_not_open_once_it_is_sealed_gets_no_name(machine: Machine) -> None:
    machine.replace("systemd-creds", 'for last; do :; done; [ "$1" = encrypt ] && : >"$last"\n')

    told = machine.run()

    assert (told.returncode, machine.content) == (1, None)
    assert "the key that was made does not open" in told.stderr


def test_a_key_of_64_digits_is_kept(machine: Machine) -> None:
    machine.put(b"sealed\n" + b"0" * 64 + b"\nend\n")
    first = machine.content

    assert machine.run().returncode == 0
    assert machine.content == first
