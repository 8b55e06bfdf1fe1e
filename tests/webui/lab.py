"""``visitbridge lab run`` as a person starts it, and stops it with Ctrl-C."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.patience import PATIENCE_S

_PAIR_URL = re.compile(r"https://\S+/p#\S+")


@dataclass(frozen=True)
class RunningLab:
    """``pair_url`` pairs one phone, once. ``presence_file``: where the box shows the codes of phones that ask."""

    pair_url: str
    presence_file: Path

    def read_code(self, name: str) -> str:
        """What the terminal shows for the phone of that name."""
        shown = json.loads(self.presence_file.read_bytes())
        return str(next(one["code"] for one in shown if one["question"]["name"] == name))

    @property
    def url(self) -> str:
        return self.pair_url.rpartition("/p#")[0]

    def fetch(self, path: str) -> Any:
        """JSON that anybody may read, such as ``/api/openapi.json``."""
        trust_any = ssl.create_default_context()
        trust_any.check_hostname = False
        trust_any.verify_mode = ssl.CERT_NONE
        connection = http.client.HTTPSConnection(
            self.url.rpartition("/")[2], context=trust_any, timeout=PATIENCE_S
        )
        with contextlib.closing(connection):
            connection.request("GET", path)
            return json.load(connection.getresponse())


@contextlib.contextmanager
def open_running_lab(folder: Path) -> Iterator[RunningLab]:
    """A lab of its own below ``folder``, with the starter data sets or the published ones beside the checkout."""
    command = [sys.executable, "-m", "visitbridge", "lab", "run", "--port", "0", "--dir", str(folder / "lab")]
    log = folder / "lab.err"
    with (
        log.open("w", encoding="utf-8") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        assert process.stdout is not None
        found = next((match for line in process.stdout if (match := _PAIR_URL.search(line))), None)
        try:
            assert found is not None, log.read_text("utf-8")
            yield RunningLab(found.group(), folder / "lab" / "box" / "run" / "presence.json")
        finally:
            process.send_signal(signal.SIGINT)
            process.stdout.read()
            process.wait(PATIENCE_S)
