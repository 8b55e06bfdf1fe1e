"""Whether hosts inside the VPN take connections, by the uplink in use and no other (C02)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.connector import AddrInfoType

from visitbridge.services.environment.hosts import HostFound

_CONNECT_S = 5.0


class HostReach:
    """Implements ``services.environment.hosts.HostProbe``; ``hosts`` as HOST:PORT.

    A connection is opened and closed, nothing is said on it: what answers there is the insurer's, and its certificates
    are not the box's to judge.
    """

    def __init__(
        self,
        hosts: Sequence[str],
        *,
        resolver: AbstractResolver,
        make_socket: Callable[[AddrInfoType], socket.socket],
        timeout_s: float = _CONNECT_S,
    ) -> None:
        self._hosts = tuple(hosts)
        self._resolver = resolver
        self._make_socket = make_socket
        self._timeout_s = timeout_s

    async def look(self) -> tuple[HostFound, ...]:
        """All at once, so that dead ones cost ``timeout_s`` together; in the order in which they are listed."""
        return tuple(await asyncio.gather(*(self._look(host) for host in self._hosts)))

    async def _look(self, listed: str) -> HostFound:
        host, _, port = listed.rpartition(":")
        try:
            async with asyncio.timeout(self._timeout_s):
                for address in await self._resolver.resolve(host, int(port)):
                    if await self._takes_connections(address):
                        return HostFound(host=listed, answers=True)
        except OSError:
            # No such name, no name server, or too late (TimeoutError): none of them is a host that answers.
            return HostFound(host=listed, answers=False)
        return HostFound(host=listed, answers=False)

    async def _takes_connections(self, found: ResolveResult) -> bool:
        where = (found["host"], found["port"])
        address: AddrInfoType = (
            socket.AddressFamily(found["family"]),
            socket.SOCK_STREAM,
            found["proto"],
            "",
            where,
        )
        try:
            with self._make_socket(address) as trial:
                trial.setblocking(False)
                await asyncio.get_running_loop().sock_connect(trial, where)
        except OSError:
            return False
        return True
