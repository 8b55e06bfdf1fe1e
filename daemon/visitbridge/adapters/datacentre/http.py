"""One request to the data centre: what left the box, what came back, and which error that is.

The distinction that matters is between *not sent* (LinkDown, PortalUntrusted: safe to repeat) and *sent, no
answer* (ReplyLost: ask by key first).
"""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from typing import TypeVar

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver
from aiohttp.connector import AddrInfoType
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from visitbridge.adapters.datacentre.problems import error_of
from visitbridge.errors import DataCentreGarbled, LinkDown, PortalUntrusted, ReplyLost
from visitbridge.ports.datacentre import Contact
from visitbridge.protocols.datacentre.common import BASE_PATH, HEADER_EPOCH, HEADER_TIME

T = TypeVar("T")

_ANSWER_LIMIT_BYTES = 8 * 1024 * 1024

_NO_WAY_OUT = frozenset({errno.ENETUNREACH, errno.ENODEV, errno.ENETDOWN, errno.EADDRNOTAVAIL, errno.EPERM})
"""What the box's own kernel says when there is no interface or no route to send through."""


_UNTRUSTED_BY_CODE = {
    9: "validity",  # X509_V_ERR_CERT_NOT_YET_VALID
    10: "validity",  # X509_V_ERR_CERT_HAS_EXPIRED
    18: "root",  # X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT
    19: "root",  # X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN
    20: "root",  # X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
    21: "root",  # X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE
    7: "root",  # X509_V_ERR_CERT_SIGNATURE_FAILURE: a known root's name on another key
    62: "name",  # X509_V_ERR_HOSTNAME_MISMATCH
    64: "name",  # X509_V_ERR_IP_ADDRESS_MISMATCH
}


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """How connections leave the box: who makes their sockets and who looks up names; None is the machine's own.

    ``name``: which way that is now; a connection is not used again after it changed.
    """

    make_socket: Callable[[AddrInfoType], socket.socket] | None = None
    resolver: AbstractResolver | None = None
    name: Callable[[], str] = str


ANY_WAY = Way()


class _Pool:
    """Connections that left by one way with one context. ``busy``: requests under way on them."""

    def __init__(self, session: aiohttp.ClientSession, way_name: str, context: ssl.SSLContext) -> None:
        self.session = session
        self.way_name = way_name
        self.context = context
        self.busy = 0


class Portal:
    """An HTTPS connection pool to one data centre.

    ``connect`` (``host:port``) replaces where the TCP connection goes, while certificate and Host header stay
    those of ``url``: the lab puts its VPN relay there.
    """

    def __init__(
        self,
        url: str,
        context: ssl.SSLContext,
        *,
        monotonic: Callable[[], float],
        connect: str = "",
        way: Way = ANY_WAY,
        connect_timeout_s: float = 5.0,
        answer_timeout_s: float = 20.0,
    ) -> None:
        self._base = URL(url.rstrip("/") + BASE_PATH)
        self._host = self._base.host or ""
        self._authority = self._base.authority
        if connect:
            host, _, port = connect.rpartition(":")
            self._base = self._base.with_host(host).with_port(int(port))
        self._monotonic = monotonic
        self._timeout = aiohttp.ClientTimeout(
            total=None, connect=connect_timeout_s, sock_connect=connect_timeout_s, sock_read=answer_timeout_s
        )
        self._context = context
        self._way = way
        self._pool = self._open_pool()
        self._left: set[_Pool] = set()
        self.contact: Contact | None = None

    def present(self, context: ssl.SSLContext) -> None:
        """Use another certificate, or other roots, from the next request on."""
        self._context = context

    async def close(self) -> None:
        for pool in (self._pool, *self._left):
            await pool.session.close()
        self._left.clear()

    async def ask(
        self, method: str, path: str, *, into: type[T], headers: Mapping[str, str] | None = None
    ) -> T:
        """A request that changes nothing, or nothing that matters when repeated."""
        return self._decode(await self._exchange(method, path, b"", headers or {}, repeatable=True), into)

    async def post(
        self,
        path: str,
        body: bytes,
        *,
        into: type[T],
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
        repeatable: bool = False,
    ) -> T:
        """A request whose effect may have happened when no answer comes (unless ``repeatable``)."""
        sent = {"Content-Type": content_type, **(headers or {})}
        return self._decode(await self._exchange("POST", path, body, sent, repeatable=repeatable), into)

    async def tell(self, path: str, body: bytes) -> None:
        """A POST that has no answer and changes nothing when repeated."""
        headers = {"Content-Type": "application/json"}
        await self._exchange("POST", path, body, headers, repeatable=True)

    async def discard(self, path: str, *, headers: Mapping[str, str] | None = None) -> None:
        await self._exchange("DELETE", path, b"", headers or {}, repeatable=True)

    async def fetch(
        self, path: str, *, offset: int, most_bytes: int, sink: Callable[[bytes], object]
    ) -> None:
        """GET from byte ``offset`` to the end, piece by piece into ``sink``.

        Raises DataCentreGarbled for more than ``most_bytes``, of which the sink got no more than these.
        """
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        try:
            async with self._request("GET", path, b"", headers) as response:
                self._note(response)
                if response.status >= 400:
                    answer = await _whole(response)
                    raise error_of(response.status, response.headers, answer, repeatable=True)
                if offset and response.status != 206:
                    raise DataCentreGarbled("a range was asked for and the whole was sent")
                async for piece in response.content.iter_chunked(1 << 16):
                    most_bytes -= len(piece)
                    if most_bytes < 0:
                        raise DataCentreGarbled("more was sent than was announced")
                    sink(piece)
        except (aiohttp.ClientError, TimeoutError, OSError) as exc:
            raise _translate(exc, repeatable=True) from exc

    async def _exchange(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str], *, repeatable: bool
    ) -> bytes:
        try:
            async with self._request(method, path, body, headers) as response:
                self._note(response)
                answer = await _whole(response)
                if response.status >= 400:
                    raise error_of(response.status, response.headers, answer, repeatable=repeatable)
                return answer
        except (aiohttp.ClientError, TimeoutError, OSError) as exc:
            raise _translate(exc, repeatable=repeatable) from exc

    @contextlib.asynccontextmanager
    async def _request(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        pool = await self._pool_of_now()
        pool.busy += 1
        try:
            async with pool.session.request(
                method,
                self._base.joinpath(path.lstrip("/"), encoded=True),
                data=body or None,
                headers={**headers, "Host": self._authority},
                server_hostname=self._host,
                allow_redirects=False,
            ) as response:
                yield response
        finally:
            pool.busy -= 1
            if pool in self._left and not pool.busy:
                self._left.discard(pool)
                await pool.session.close()

    async def _pool_of_now(self) -> _Pool:
        """The pool of the way and context in use. Requests under way on another one end there; its idle connections
        close.
        """
        left = self._pool
        if left.way_name != self._way.name() or left.context is not self._context:
            self._pool = self._open_pool()
            if left.busy:
                self._left.add(left)
            else:
                await left.session.close()
        return self._pool

    def _open_pool(self) -> _Pool:
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                ssl=self._context,
                limit=8,
                keepalive_timeout=30,
                socket_factory=self._way.make_socket,
                resolver=self._way.resolver or ThreadedResolver(),
            ),
            timeout=self._timeout,
            auto_decompress=True,
        )
        return _Pool(session, self._way.name(), self._context)

    def _note(self, response: aiohttp.ClientResponse) -> None:
        epoch = response.headers.get(HEADER_EPOCH, "")
        try:
            moment = dt.datetime.fromisoformat(response.headers.get(HEADER_TIME, ""))
        except ValueError as exc:
            raise DataCentreGarbled("no time in the answer") from exc
        if not epoch or moment.tzinfo is None:
            raise DataCentreGarbled("no epoch or zone in the answer")
        self.contact = Contact(epoch=epoch, time=moment, monotonic_s=self._monotonic())

    @staticmethod
    def _decode(answer: bytes, into: type[T]) -> T:
        try:
            return msgspec.json.decode(answer, type=into)
        except (msgspec.DecodeError, UnicodeDecodeError) as exc:
            raise DataCentreGarbled(f"answer is not a {into.__name__}") from exc


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    """The whole answer, unpacked; it comes in as many pieces as the line makes of it. Raises DataCentreGarbled when it is
    over the limit, of which nothing but a few pieces more was in memory.
    """
    answer = bytearray()
    async for piece in response.content.iter_any():
        answer += piece
        if len(answer) > _ANSWER_LIMIT_BYTES:
            raise DataCentreGarbled("answer over the limit")
    return bytes(answer)


def _translate(exc: Exception, *, repeatable: bool) -> Exception:
    if isinstance(exc, aiohttp.ClientConnectorCertificateError):
        reason = _UNTRUSTED_BY_CODE.get(getattr(exc.certificate_error, "verify_code", 0), "other")
        return PortalUntrusted(f"TLS handshake refused ({reason})", reason=reason)
    if isinstance(exc, aiohttp.ClientConnectorSSLError):
        return PortalUntrusted("TLS handshake refused")
    if isinstance(exc, aiohttp.ClientConnectorDNSError):
        unknown = isinstance(exc.os_error, socket.gaierror) and exc.os_error.errno == socket.EAI_NONAME
        return LinkDown("name not resolved", hop="dns", heard=unknown)
    if isinstance(exc, aiohttp.ClientConnectorError):
        refused = exc.os_error.errno == errno.ECONNREFUSED
        near = exc.os_error.errno in _NO_WAY_OUT
        return LinkDown("no connection", hop="network" if near else "host", heard=refused)
    if isinstance(exc, aiohttp.ConnectionTimeoutError):
        return LinkDown("no connection in time", hop="host")
    if repeatable:
        return LinkDown("no answer", hop="data_centre")
    return ReplyLost(f"no answer after sending ({type(exc).__name__})")
