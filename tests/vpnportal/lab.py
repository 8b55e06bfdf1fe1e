"""Lab control as a scenario uses it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import msgspec


class LabClient:
    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def call(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
        """Status and decoded body (None when there is none)."""
        raw = None if body is None else msgspec.json.encode(body)
        async with self._session.request(
            method, f"{self._url}/lab{path}", data=raw, headers=headers
        ) as response:
            content = await response.read()
        return response.status, msgspec.json.decode(content) if content else None

    async def arm(self, route: str, fault: str, **parameters: object) -> None:
        status, _ = await self.call("POST", "/faults", {"route": route, "fault": fault, **parameters})
        assert status == 201

    async def seen(self) -> list[tuple[int, int]]:
        """How many requests each fault saw and hit."""
        _, state = await self.call("GET", "/state")
        return [(fault["seen"], fault["hit"]) for fault in state["faults"]]


@contextlib.asynccontextmanager
async def open_lab(url: str) -> AsyncIterator[LabClient]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session:
        yield LabClient(session, url)
