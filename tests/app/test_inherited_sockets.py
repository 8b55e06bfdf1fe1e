"""Sockets that systemd opens for the daemon are the ones it serves on (sd_listen_fds(3))."""

from __future__ import annotations

import json
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
