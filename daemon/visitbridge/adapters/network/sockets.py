"""Sockets and name look-ups that leave the box through one interface and no other.

A box may have a cable to the internet beside its modem into the VPN. What is meant for the data centre must
neither leave by the cable nor be looked up there, so sockets are bound to the interface (SO_BINDTODEVICE, which
Linux 5.7 and later allow without privileges) and names are asked of the VPN's own servers through it.
"""

from __future__ import annotations

import socket
from collections.abc import Callable

import aiodns
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.connector import AddrInfoType
from aiohttp.resolver import ThreadedResolver

from visitbridge.domain.uplink import Uplink

_NO_SUCH_NAME = frozenset({aiodns.error.ARES_ENOTFOUND, aiodns.error.ARES_ENODATA})
_QUERY_TIMEOUT_S = 2.0
_TRIES = 2


def socket_through(uplink: Callable[[], Uplink | None]) -> Callable[[AddrInfoType], socket.socket]:
    """A factory of sockets for aiohttp, bound to the interface of the uplink in use at that moment."""

    def make(address: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, _ = address
        made = socket.socket(family, kind, protocol)
        used = uplink()
        if used is not None and used.interface:
            try:
                made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, used.interface.encode() + b"\0")
            except OSError:
                made.close()
                raise
        return made

    return make


class UplinkResolver(AbstractResolver):
    """Asks the uplink's own servers through its interface; the machine's resolver where it names none."""

    def __init__(self, uplink: Callable[[], Uplink | None], *, timeout_s: float = _QUERY_TIMEOUT_S) -> None:
        self._uplink = uplink
        self._timeout_s = timeout_s
        self._asked: tuple[Uplink, aiodns.DNSResolver] | None = None
        self._machine = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Raises OSError; a ``gaierror`` EAI_NONAME when the servers say that there is no such name."""
        used = self._uplink()
        if used is None or not used.dns:
            return await self._machine.resolve(host, port, family)
        resolver = await self._resolver_of(used)
        try:
            found = await resolver.getaddrinfo(
                host, port=port, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
            )
        except aiodns.error.DNSError as exc:
            number = socket.EAI_NONAME if exc.args[0] in _NO_SUCH_NAME else socket.EAI_AGAIN
            raise socket.gaierror(number, "name not resolved") from exc
        return [
            ResolveResult(
                hostname=host,
                host=node.addr[0].decode("ascii"),
                port=port,
                family=node.family,
                proto=0,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for node in found.nodes
        ]

    async def close(self) -> None:
        if self._asked is not None:
            await self._asked[1].close()
            self._asked = None
        await self._machine.close()

    async def _resolver_of(self, uplink: Uplink) -> aiodns.DNSResolver:
        """One channel per uplink as it is now; another interface or other servers make a new one."""
        if self._asked is not None and self._asked[0] != uplink:
            await self._asked[1].close()
            self._asked = None
        if self._asked is None:
            resolver = aiodns.DNSResolver(
                nameservers=list(uplink.dns),
                timeout=self._timeout_s,
                tries=_TRIES,
                local_dev=uplink.interface or None,
            )
            self._asked = (uplink, resolver)
        return self._asked[1]
