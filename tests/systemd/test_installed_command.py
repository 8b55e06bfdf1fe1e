"""The few lines that start each program of an installed box (debian/command.in)."""

from __future__ import annotations

import subprocess
from pathlib import Path

COMMAND = Path(__file__).parents[2] / "debian/command.in"
FOLDER = "/usr/lib/visitbridge/python"
PROGRAM = """
import gc, os, sys

def main():
    print(sys.path[0], os.environ["PYTHONPATH"], gc.isenabled(), gc.get_freeze_count() > len(sys.modules))
    return 3
"""


def test_a_program_starts_from_its_folder_with_what_it_is_made_of_out_of_the_collectors_way(
    tmp_path: Path,
) -> None:
    (tmp_path / "program.py").write_text(PROGRAM, "utf-8")
    script = tmp_path / "command"
    text = COMMAND.read_text("utf-8").replace(FOLDER, str(tmp_path)).replace("@MODULE@", "program")
    script.write_text(text, "utf-8")
    script.chmod(0o755)
    done = subprocess.run([str(script)], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (3, f"{tmp_path} {tmp_path} True True\n")
