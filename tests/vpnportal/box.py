"""A box for tests: real TLS, its own key, and nothing of the gateway's code but the messages."""

from __future__ import annotations

import contextlib
import io
import ssl
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import TypeVar

import aiohttp
import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from visitbridge.protocols.datacentre.common import BASE_PATH, HEADER_KEY, Problem
from visitbridge.protocols.datacentre.device import BindAnswer, BindRequest, DeviceInfo

M = TypeVar("M")

DEVICE = DeviceInfo(
    sheet_id="11111111-1111-4111-8111-111111111111",
    name="測試閘道器",
    kind="test",
    os_version="0",
    software_version="0",
)


class Answer:
    """Status, headers and body of one answer."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    def as_(self, message: type[M]) -> M:
        """The body of a success."""
        assert self.status < 300, self.body
        return msgspec.json.decode(self.body, type=message)

    def problem(self, status: int, code: str) -> Problem:
        """The problem document, which must have this status and code."""
        problem = msgspec.json.decode(self.body, type=Problem)
        assert (self.status, problem.status, problem.code) == (status, status, code)
        assert self.headers["Content-Type"] == "application/problem+json"
        return problem


class Box:
    """One key pair, and one connection pool to the portal."""

    def __init__(self, session: aiohttp.ClientSession, url: str, ca_pem: str) -> None:
        self._session = session
        self.url = url
        self.ca_pem = ca_pem
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.context = trusting(ca_pem)
        self.bound: BindAnswer | None = None

    async def ask(
        self, method: str, path: str, body: object = None, *, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request; ``body`` is bytes as they are, or a message to encode."""
        raw = body if isinstance(body, bytes | None) else msgspec.json.encode(body)
        async with self._session.request(
            method,
            f"{self.url}{BASE_PATH}{path}",
            data=None if raw is None else io.BytesIO(raw),
            headers=headers,
            ssl=self.context,
        ) as response:
            return Answer(response.status, response.headers, await response.read())

    async def send(self, path: str, key: str, body: object) -> Answer:
        return await self.ask("POST", path, body, headers={HEADER_KEY: key})

    def bind_request(self, token: str, pin: str) -> BindRequest:
        return BindRequest(token=token, pin=pin, csr_pem=csr_of(self.key), device=DEVICE)

    async def bind(self, token: str, pin: str) -> BindAnswer:
        self.bound = (await self.ask("POST", "/bind", self.bind_request(token, pin))).as_(BindAnswer)
        self.use(self.bound.certificate_pem, self.key)
        return self.bound

    def use(self, certificate_pem: str, key: ec.EllipticCurvePrivateKey) -> None:
        """Present this certificate from now on."""
        self.context = presenting(self.ca_pem, certificate_pem, key)


@contextlib.asynccontextmanager
async def open_box(url: str, ca_pem: str) -> AsyncIterator[Box]:
    # force_close: a pooled connection would keep an older certificate.
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=20)) as session:
        yield Box(session, url, ca_pem)


def trusting(ca_pem: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=ca_pem)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


def presenting(ca_pem: str, certificate_pem: str, key: ec.EllipticCurvePrivateKey) -> ssl.SSLContext:
    context = trusting(ca_pem)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        file.write(private + certificate_pem.encode())
        file.flush()
        context.load_cert_chain(Path(file.name))
    return context


def csr_of(key: ec.EllipticCurvePrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "box")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()
