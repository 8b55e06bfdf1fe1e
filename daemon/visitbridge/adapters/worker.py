"""A process for one task: bytes in, bytes out, and gone. What it does badly costs that one task."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Mapping
from typing import Final

log = logging.getLogger(__name__)

_ENVIRONMENT: Final = {"PATH": "/usr/bin:/bin", "MALLOC_ARENA_MAX": "1"}


class OneTaskWorker:
    """Runs ``module`` for one task at a time, each within ``deadline_s``. ``environment``: besides what every one gets."""

    def __init__(
        self, module: str, *, deadline_s: float, environment: Mapping[str, str] | None = None
    ) -> None:
        self._module = module
        self._deadline_s = deadline_s
        # Packages may lie apart from the interpreter's own; see decision 0045.
        path = {"PYTHONPATH": ":".join(filter(None, sys.path))}
        self._environment = {**_ENVIRONMENT, **path, **(environment or {})}
        self._one_at_a_time = asyncio.Lock()

    async def ask(self, task: bytes) -> bytes:
        """What it wrote; nothing when it ended badly or took too long. What it says about that may name a patient, and is
        not listened to.
        """
        async with self._one_at_a_time:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                self._module,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env=self._environment,
            )
            try:
                async with asyncio.timeout(self._deadline_s):
                    output, _ = await process.communicate(task)
            except TimeoutError:
                log.warning("%s took too long", self._module)
                return b""
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        if process.returncode != 0:
            log.warning("%s ended with status %s", self._module, process.returncode)
            return b""
        return output
