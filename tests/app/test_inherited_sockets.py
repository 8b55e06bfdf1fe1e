"""Sockets that systemd opens for the daemon are the ones it serves on (sd_listen_fds(3))."""

from __future__ import annotations

import json
import select
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S
from tests.test_cli import config_file

# File descriptor 3 is the first that is handed over; the pid is only known in the process itself.
LAUNCH = 'exec 3<&"$1"; shift; export LISTEN_FDS=1 LISTEN_FDNAMES="$NAME" LISTEN_PID=$$; exec "$@"'


def start(folder: Path, listener: socket.socket, name: str) -> subprocess.Popen[str]:
    number = str(listener.fileno())
    program = [sys.executable, "-m", "visitbridge", "run", "--config", str(config_file(folder))]
    return subprocess.Popen(
        ["bash", "-c", LAUNCH, "launch", number, *program],
        pass_fds=[listener.fileno()],
        env={"NAME": name, "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(("name", "is_used"), [("https", True), ("something-else", False)])
def test_the_socket_named_https_is_served(tmp_path: Path, name: str, is_used: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        gateway = start(tmp_path, listener, name)
        assert gateway.stdout is not None
        try:
            ready = json.loads(gateway.stdout.readline())
        finally:
            gateway.terminate()
            gateway.communicate(timeout=PATIENCE_S)

        assert (ready["url"] == f"https://127.0.0.1:{port}/") == is_used
        assert gateway.returncode == 0


def test_a_phone_that_calls_during_a_restart_is_served_by_the_next_run(tmp_path: Path) -> None:
    """The connection waits in the socket, which outlives the process."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        early = socket.create_connection(listener.getsockname(), timeout=PATIENCE_S)
        gateway = start(tmp_path, listener, "https")
        assert gateway.stdout is not None
        try:
            gateway.stdout.readline()
            # Whose certificate it is does not matter here: that the handshake ends is the answer.
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            with context.wrap_socket(early) as phone:
                version = phone.version()
        finally:
            early.close()
            gateway.terminate()
            gateway.communicate(timeout=PATIENCE_S)

        assert version == "TLSv1.3"


def test_a_configuration_that_cannot_be_used_leaves_nobody_waiting(tmp_path: Path) -> None:
    """Else systemd would start the program again, and again, for the phone that waits in the socket."""
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d/99-mistake.toml").write_text("[http]\nport = 'none'\n", "utf-8")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        phones = [socket.create_connection(listener.getsockname(), timeout=PATIENCE_S) for _ in range(2)]
        gateway = start(tmp_path, listener, "https")
        gateway.communicate(timeout=PATIENCE_S)
        answers = [phone.recv(1) for phone in phones]
        waiting, _, _ = select.select([listener], [], [], 0)
        for phone in phones:
            phone.close()

    assert (gateway.returncode, answers, waiting) == (78, [b"", b""], [])
