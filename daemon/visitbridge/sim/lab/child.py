"""A program that the lab runs: started, watched, stopped, and never left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import msgspec

from visitbridge.errors import DeviceError

_LAST_LINES = 15


class Child:
    """One of our Python programs, as ``python -m MODULE ARGUMENTS``.

    It says that it is ready with one JSON line on standard output; all else goes to ``log_path``. When the
    lab's process dies, however it dies, the kernel sends the child SIGTERM (``PR_SET_PDEATHSIG``). ``without``: names of
    this process's environment that the child does not get.
    """

    def __init__(
        self,
        module: str,
        arguments: Sequence[str],
        *,
        log_path: Path,
        environment: Mapping[str, str] | None = None,
        without: Collection[str] = (),
    ) -> None:
        self.name = module
        self._command = [
            *("/usr/bin/setpriv", "--pdeathsig", "TERM"),
            *(sys.executable, "-P", "-m", module, *arguments),
        ]
        inherited = {name: value for name, value in os.environ.items() if name not in without}
        self._environment = {**inherited, **(environment or {})}
        self._log_path = log_path
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._trouble: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    async def start(self, *, within_s: float) -> dict[str, str | int]:
        """Start it and return its ready line. Raises DeviceError when it ends instead, or the time is over."""
        with self._log_path.open("ab") as log:
            process = self._process = await asyncio.create_subprocess_exec(
                *self._command,
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                # Ctrl-C in the terminal goes to the lab alone, which then stops its programs in order.
                start_new_session=True,
            )
        ready: asyncio.Future[dict[str, str | int]] = asyncio.get_running_loop().create_future()
        self._reading = asyncio.create_task(self._read_output(process, ready), name=f"output of {self.name}")
        try:
            return await asyncio.wait_for(ready, within_s)
        except TimeoutError as exc:
            raise DeviceError(
                f"{self.name} was not ready within {within_s:g} s; see {self._log_path}"
            ) from exc

    async def run(self, *, within_s: float) -> None:
        """Run it to its end. Raises DeviceError for an exit code other than 0."""
        with self._log_path.open("ab") as log:
            process = self._process = await asyncio.create_subprocess_exec(
                *self._command,
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            code = await asyncio.wait_for(process.wait(), within_s)
        finally:
            await self.stop()
        if code != 0:
            raise DeviceError(self._obituary(code))

    async def wait_trouble(self) -> str:
        """Return when it has ended though nobody told it to: what to say about that."""
        return await asyncio.shield(self._trouble)

    async def stop(self, *, within_s: float = 8.0) -> None:
        """Ask it to stop (SIGTERM), and kill it when it does not."""
        await self._end(signal.SIGTERM, within_s)

    async def kill(self) -> None:
        """End it as a power cut would (SIGKILL)."""
        await self._end(signal.SIGKILL, 8.0)

    async def _end(self, how: signal.Signals, within_s: float) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.send_signal(how)
            try:
                await asyncio.wait_for(process.wait(), within_s)
            except TimeoutError:
                process.kill()
                await process.wait()
        if self._reading is not None:
            await self._reading
            self._reading = None

    async def _read_output(
        self, process: asyncio.subprocess.Process, ready: asyncio.Future[dict[str, str | int]]
    ) -> None:
        output = process.stdout
        if output is None:
            return
        with self._log_path.open("ab") as log:
            async for line in output:
                if not ready.done() and (facts := _ready_line(line)):
                    ready.set_result(facts)
                else:
                    log.write(line)
                    log.flush()
        code = await process.wait()
        if not ready.done():
            ready.set_exception(DeviceError(self._obituary(code)))
        elif self._process is process and not self._trouble.done():
            self._trouble.set_result(self._obituary(code))

    def _obituary(self, code: int) -> str:
        with self._log_path.open(encoding="utf-8", errors="replace") as log:
            last = deque(log, maxlen=_LAST_LINES)
        return f"{self.name} ended with {code}; the end of {self._log_path}:\n{''.join(last)}"


def _ready_line(line: bytes) -> dict[str, str | int] | None:
    try:
        facts = msgspec.json.decode(line, type=dict[str, str | int])
    except msgspec.DecodeError:
        return None
    return facts if facts.get("event") == "ready" else None
