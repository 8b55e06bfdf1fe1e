"""One configured command as a hook."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from visitbridge.errors import HookFailed

TIMEOUT_S = 30.0


class CommandHook:
    """Runs ``command`` (program and arguments, no shell) with an empty standard input."""

    def __init__(self, command: Sequence[str], *, timeout_s: float = TIMEOUT_S) -> None:
        self._command = tuple(command)
        self._timeout_s = timeout_s

    async def __call__(self) -> None:
        """Raises HookFailed when it cannot be run, ends with another status than 0, or takes too long.

        Whatever ends this call ends the command too.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL
            )
        except OSError as exc:
            raise HookFailed(f"{self._command[0]}: {exc.strerror}") from exc
        try:
            async with asyncio.timeout(self._timeout_s):
                status = await process.wait()
        except TimeoutError as exc:
            raise HookFailed(f"{self._command[0]}: not done within {self._timeout_s:g} s") from exc
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if status != 0:
            raise HookFailed(f"{self._command[0]}: status {status}")
