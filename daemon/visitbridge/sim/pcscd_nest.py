"""Runs inside namespaces of its own: a private pcscd, out of reach of everything else on the machine.

Started by :mod:`visitbridge.sim.pcscd` as ``unshare --mount --net python pcscd_nest.py FD WORK PCSCD...``;
standard library only, as it is run as a file. ``FD`` is a SOCK_SEQPACKET socket, ``WORK`` a folder with
``run`` (becomes /run/pcscd) and ``empty``; ``WORK/pcscd.pid`` is there while pcscd runs. Requests: ``start``,
``activate``, ``kill``, ``connect PORT``; answers: ``ok`` (for ``connect`` with a socket that is connected to
that port in here) or ``error REASON``. When the other end of FD closes, however its process ended, pcscd is
stopped and WORK removed.
"""

from __future__ import annotations

import contextlib
import fcntl
import queue
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 0x1
_START_S = 60.0
_STOP_S = 3.0
_AS_SYSTEMD_DOES = 'export LISTEN_FDS=1 LISTEN_PID=$$; exec "$@" 3<&0 0</dev/null'


class PcscdNotStarted(Exception):
    """The reason is pcscd's own last line."""


class Pcscd:
    """The daemon, started and ended on request; its log goes to ``WORK/pcscd.log``.

    It is handed its listening socket as systemd does (sd_listen_fds(3)), because the one it would make
    itself is there only some time after it says "daemon ready".
    """

    def __init__(self, command: list[str], work: Path) -> None:
        self._command = ["/bin/sh", "-c", _AS_SYSTEMD_DOES, "sh", *command]
        self._log_path = work / "pcscd.log"
        self._pid_path = work / "pcscd.pid"
        self._socket_path = work / "run" / "pcscd.comm"
        self._process: subprocess.Popen[str] | None = None
        self._last_line = "pcscd ended without a word"

    def start(self) -> None:
        """Return when pcscd takes clients. Raises PcscdNotStarted."""
        self.end(signal.SIGTERM)
        with self._listen() as listener:
            is_ready = self._spawn(self._command, listener)
        with contextlib.suppress(queue.Empty):
            if is_ready.get(timeout=_START_S):
                return
        raise PcscdNotStarted(self._last_line)

    def activate(self) -> None:
        """From now on start pcscd whenever a client calls and none runs, as Debian's socket unit does; it leaves by itself."""
        self.end(signal.SIGTERM)
        threading.Thread(target=self._answer_calls, args=(self._listen(),), daemon=True).start()

    def end(self, how: signal.Signals) -> None:
        """Send the signal, and SIGKILL to one that does not go."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _listen(self) -> socket.socket:
        self._socket_path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self._socket_path))
        listener.listen()
        return listener

    def _answer_calls(self, listener: socket.socket) -> None:
        while True:
            select.select([listener], [], [])
            # The word of an idle pcscd about when it is going to leave is one for debugging.
            is_ready = self._spawn([*self._command, "--auto-exit", "--debug"], listener)
            while is_ready.get():
                pass

    def _spawn(self, command: list[str], listener: socket.socket) -> queue.SimpleQueue[bool]:
        """True comes when it takes clients, False when it has ended."""
        self._process = subprocess.Popen(  # noqa: S603 - the command line comes from sim.pcscd
            command,
            stdin=listener.fileno(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        is_ready: queue.SimpleQueue[bool] = queue.SimpleQueue()
        threading.Thread(target=self._read_log, args=(self._process, is_ready), daemon=True).start()
        return is_ready

    def _read_log(self, process: subprocess.Popen[str], is_ready: queue.SimpleQueue[bool]) -> None:
        part = self._pid_path.with_suffix(".part")
        part.write_text(f"{process.pid}\n")
        part.replace(self._pid_path)
        with self._log_path.open("a") as log:
            for line in process.stdout or ():
                log.write(line)
                log.flush()
                self._last_line = line.strip()
                if "daemon ready" in line:
                    is_ready.put(True)
        process.wait()
        self._pid_path.unlink(missing_ok=True)
        is_ready.put(False)


def isolate(work: Path) -> None:
    """Loopback up; /run/pcscd ours; no drivers for real USB readers, so that a private pcscd takes none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        name = struct.pack("16sH14x", b"lo", 0)
        (flags,) = struct.unpack_from("H", fcntl.ioctl(control, _SIOCGIFFLAGS, name), 16)
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | _IFF_UP))
    _mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    Path("/run/pcscd").mkdir()
    _mount("--bind", str(work / "run"), "/run/pcscd")
    _mount("--bind", str(work / "empty"), "/usr/lib/pcsc/drivers")


def serve(control: socket.socket, pcscd: Pcscd) -> None:
    """Answer requests until the other end is closed."""
    while request := control.recv(200).decode():
        verb, _, argument = request.partition(" ")
        try:
            if verb == "connect":
                with socket.create_connection(("127.0.0.1", int(argument)), timeout=1.0) as connection:
                    socket.send_fds(control, [b"ok"], [connection.fileno()])
                continue
            if verb == "start":
                pcscd.start()
            elif verb == "activate":
                pcscd.activate()
            elif verb == "kill":
                pcscd.end(signal.SIGKILL)
            control.send(b"ok")
        except (OSError, PcscdNotStarted) as exc:
            control.send(f"error {exc}".encode()[:1000])


def main(arguments: list[str]) -> None:
    fd, work_path, *command = arguments
    work = Path(work_path)
    pcscd = Pcscd(command, work)
    try:
        with socket.socket(fileno=int(fd)) as control:
            try:
                isolate(work)
            except (OSError, subprocess.CalledProcessError) as exc:
                control.send(f"error {exc}".encode()[:1000])
                return
            control.send(b"ok")
            serve(control, pcscd)
    finally:
        pcscd.end(signal.SIGTERM)
        shutil.rmtree(work, ignore_errors=True)


def _mount(*arguments: str) -> None:
    subprocess.run(["/usr/bin/mount", *arguments], check=True)  # noqa: S603 - arguments of our own


if __name__ == "__main__":
    main(sys.argv[1:])
