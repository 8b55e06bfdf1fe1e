"""A Debian machine under QEMU, without KVM and without a network: boot it, work in it, hold it to deadlines.

Commands run through QEMU's guest agent. A machine keeps its disk from one boot to the next, so power can be cut and
what is left can be looked at.
"""

from __future__ import annotations

import base64
import contextlib
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tests.vm.json_port import JsonPort, Refused
from tests.vm.patience import tries

_LOOK_AGAIN_S = 0.05
_PIECE_BYTES = 48 * 1024
_CONSOLE_TAIL = 4000
# Without AVX, which takes twice the time to emulate: the C library would use it for every string.
_OWN = ("-M", "pc", "-cpu", "Nehalem", "-m", "1536", "-display", "none", "-nodefaults", "-no-reboot")
FAST = ("-accel", "tcg,thread=multi", "-smp", "2")
"""Two processors, as fast as this machine can emulate them."""
COUNTED = ("-accel", "tcg,thread=single", "-icount", "shift=0,align=off,sleep=on", "-smp", "1")
"""One processor that does 1,000,000,000 instructions in a second of its own time, however long that takes here. Only when it has
nothing to do, as when it waits for its disk, its time is this machine's.
"""
# no_timer_check: on a busy host the emulated timer is late, and the kernel would take that for broken hardware and stop.
_KERNEL_LINE = (
    "console=ttyS0 root=/dev/vda panic=-1 quiet mitigations=off no_timer_check systemd.show_status=false"
)


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """``disk``: the system, never written to. ``extra``: disks with file systems labelled for /etc/fstab-less mounting."""

    kernel: Path
    initrd: Path
    disk: Path
    extra: tuple[Path, ...] = ()


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """A command that ended by itself. ``code`` negative: by that signal."""

    code: int
    out: str
    err: str


class Guest:
    """``folder``: short, for sockets lie in it. ``devices``, ``processors``: further arguments of QEMU's."""

    def __init__(
        self, image: Image, folder: Path, devices: Sequence[str] = (), processors: Sequence[str] = FAST
    ) -> None:
        self._image = image
        self._folder = folder
        self._devices = devices
        self._processors = processors
        self._process: subprocess.Popen[bytes] | None = None
        self._qmp: JsonPort | None = None
        self._agent: JsonPort | None = None
        self.boots = 0
        create = ("qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", str(image.disk))
        subprocess.run([*create, str(folder / "disk.qcow2")], check=True)

    @property
    def is_on(self) -> bool:
        return self._process is not None

    @property
    def console(self) -> str:
        """What the kernel and systemd wrote on the serial line, all boots."""
        logs = sorted(self._folder.glob("console-*"))
        return "".join(log.read_text("utf-8", "replace") for log in logs)

    def boot(self, *, within_s: float = 400.0) -> None:
        """Switch on and wait until commands can be run."""
        self.boots += 1
        log = self._folder / f"console-{self.boots:03d}"
        self._process = subprocess.Popen(self._command(log), stdin=subprocess.DEVNULL)
        limit_s = time.monotonic() + within_s
        try:
            self._qmp = self._opened(lambda: JsonPort.open_qmp(self._folder / "qmp"), limit_s)
            self._agent = JsonPort.open_agent(self._folder / "agent", within_s=limit_s - time.monotonic())
        except (OSError, AssertionError) as exc:
            self.cut_power()
            raise AssertionError(f"the guest did not boot: {exc}\n{self.console[-_CONSOLE_TAIL:]}") from exc

    def run(self, *command: str, within_s: float = 60.0, given: bytes = b"") -> str:
        """Standard output of a command that has to succeed. ``given``: its standard input."""
        done = self.attempt(*command, within_s=within_s, given=given)
        assert done.code == 0, f"{' '.join(command)}: {done.code}\n{done.out}\n{done.err}"
        return done.out

    def attempt(self, *command: str, within_s: float = 60.0, given: bytes = b"") -> Done:
        """A command that may fail; one that outlives its deadline is killed and fails the test."""
        program, *arguments = command
        order: dict[str, Any] = {"path": program, "arg": arguments, "capture-output": True}
        if given:
            order["input-data"] = base64.b64encode(given).decode()
        pid = self.ask("guest-exec", **order)["pid"]
        for _ in tries(within_s):
            status = self.ask("guest-exec-status", pid=pid)
            if status["exited"]:
                return Done(
                    code=status.get("exitcode", -status.get("signal", 0)),
                    out=_text(status.get("out-data")),
                    err=_text(status.get("err-data")),
                )
        self.ask("guest-exec", path="kill", arg=["-9", str(pid)])
        raise AssertionError(f"{' '.join(command)}: still running after {within_s:g} s")

    def until(self, *command: str, within_s: float = 60.0) -> str:
        """Standard output of a command as soon as it succeeds."""
        failure = ""
        for _ in tries(within_s):
            done = self.attempt(*command, within_s=within_s)
            if done.code == 0:
                return done.out
            failure = f"{done.code}\n{done.out}\n{done.err}"
        raise AssertionError(f"{' '.join(command)}: {failure}")

    def put(self, path: str, data: bytes) -> None:
        """Write a file."""
        handle = self.ask("guest-file-open", path=path, mode="w")
        for at in range(0, len(data), _PIECE_BYTES):
            piece = base64.b64encode(data[at : at + _PIECE_BYTES]).decode()
            self.ask("guest-file-write", **{"handle": handle, "buf-b64": piece})
        self.ask("guest-file-close", handle=handle)

    def get(self, path: str) -> bytes:
        """Read a file."""
        return base64.b64decode(self.run("base64", path))

    def ask(self, command: str, **arguments: Any) -> Any:
        """A command of the guest agent."""
        assert self._agent is not None
        return self._agent.call(command, within_s=30.0, **arguments)

    def machine(self, command: str, **arguments: Any) -> Any:
        """A command of QEMU's: plug, pull, stop, go on."""
        assert self._qmp is not None
        return self._qmp.call(command, within_s=30.0, **arguments)

    def shut_down(self, *, within_s: float = 60.0) -> None:
        """Order a power-off and wait for it."""
        assert self._process is not None
        # An order that is obeyed gets no answer.
        with contextlib.suppress(TimeoutError, ConnectionError, Refused):
            assert self._agent is not None
            self._agent.call("guest-shutdown", within_s=1.0, mode="powerdown")
        self.wait_off(within_s=within_s)

    def wait_off(self, *, within_s: float = 60.0) -> None:
        """Return when the machine has switched itself off."""
        assert self._process is not None
        self._process.wait(within_s)
        self._hang_up()

    def cut_power(self) -> None:
        """Switch off at once. What the guest had not flushed may be lost; what it had is on the disk."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._hang_up()

    def _hang_up(self) -> None:
        for port in (self._qmp, self._agent):
            if port is not None:
                port.close()
        self._process = self._qmp = self._agent = None

    def _opened(self, open_port: Any, limit_s: float) -> Any:
        while True:
            try:
                return open_port()
            except OSError:
                assert self._process is not None
                if self._process.poll() is not None or time.monotonic() > limit_s:
                    raise
                time.sleep(_LOOK_AGAIN_S)

    def _drive(self) -> list[str]:
        """The system's disk, as arguments of QEMU's."""
        disk = self._folder / "disk.qcow2"
        return ["-drive", f"file={disk},if=virtio,format=qcow2,cache=writeback"]

    def _command(self, log: Path) -> list[str]:
        disks = [
            argument
            for extra in self._image.extra
            for argument in ("-drive", f"file={extra},if=virtio,format=raw,readonly=on")
        ]
        return [
            "qemu-system-x86_64",
            *_OWN,
            *self._processors,
            *(
                "-kernel",
                str(self._image.kernel),
                "-initrd",
                str(self._image.initrd),
                "-append",
                _KERNEL_LINE,
            ),
            *self._drive(),
            *disks,
            *("-serial", f"file:{log}"),
            *("-qmp", f"unix:{self._folder / 'qmp'},server=on,wait=off"),
            *("-device", "virtio-serial,max_ports=16", "-device", "virtio-rng-pci"),
            *("-chardev", f"socket,id=agent,path={self._folder / 'agent'},server=on,wait=off"),
            *("-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0"),
            *self._devices,
        ]


@contextlib.contextmanager
def open_guest(
    image: Image, folder: Path, devices: Sequence[str] = (), processors: Sequence[str] = FAST
) -> Iterator[Guest]:
    """A machine that has booted; at the end its power is cut."""
    guest = Guest(image, folder, devices, processors)
    try:
        guest.boot()
        yield guest
    finally:
        guest.cut_power()


def _text(encoded: str | None) -> str:
    return base64.b64decode(encoded or "").decode("utf-8", "replace")
