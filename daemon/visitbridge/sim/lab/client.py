"""Programs that act as people: a phone that speaks the gateway's public API, and a hand on the lab's switches."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from yarl import URL

from visitbridge.errors import DeviceError, FieldInvalid
from visitbridge.services.presence import Purpose, ShownQuestion
from visitbridge.sim.lab.gateway import GatewayFacts
from visitbridge.sim.lab.places import Places

_REQUEST_S = 60.0
_COOKIE = "__Host-vb"

Json = Any


class ApiRefused(FieldInvalid):
    """The gateway answered with an error; ``status`` and ``body`` are its own."""

    def __init__(self, status: int, body: Json) -> None:
        super().__init__(f"the gateway answered {status}: {msgspec.json.encode(body).decode()[:500]}")
        self.status = status
        self.body = body


class PhoneClient:
    """A phone that is, or becomes, paired with the gateway. Use :func:`open_phone`."""

    def __init__(self, session: aiohttp.ClientSession, url: str, presence_file: str) -> None:
        self._session = session
        self._url = URL(url)
        self._presence_file = presence_file

    async def pair(self, pair_url: str, name: str) -> None:
        """Use up the token in ``pair_url``, with the code that the box shows. Raises ApiRefused."""
        asked = await self.call("POST", "/api/pair", {"token": URL(pair_url).fragment, "name": name})
        proof = {"request": asked["request"], "code": self._code(Purpose.PAIR, name)}
        await self.call("POST", "/api/pair/confirm", proof)

    async def open_again(self, name: str) -> None:
        """Be opened by the code that the box shows, as a phone whose session is over. Raises ApiRefused."""
        await self._show_code(Purpose.OPEN, name)

    async def prove(self) -> None:
        """Show, by the code that the box shows, that a person is at this open phone. Raises ApiRefused."""
        state = await self.call("GET", "/api/state")
        await self._show_code(Purpose.CONFIRM, state["phone"]["name"])

    async def _show_code(self, purpose: Purpose, name: str) -> None:
        asked = await self.call("POST", "/api/phone/ask")
        proof = {"request": asked["request"], "code": self._code(purpose, name)}
        await self.call("POST", "/api/phone/open", proof)

    def _code(self, purpose: Purpose, name: str) -> str:
        """What a person reads off the box. Raises DeviceError when it shows nothing of the kind."""
        content = Path(self._presence_file).read_bytes()
        found = [
            shown.code
            for shown in msgspec.json.decode(content, type=tuple[ShownQuestion, ...])
            if (shown.question.purpose, shown.question.name) == (purpose, name)
        ]
        if not found:
            raise DeviceError("the box shows no code")
        return found[-1]

    @property
    def session(self) -> str:
        """The secret by which the gateway knows this phone; empty before pairing."""
        cookie = self._session.cookie_jar.filter_cookies(self._url).get(_COOKIE)
        return cookie.value if cookie is not None else ""

    def resume(self, session: str) -> None:
        """Be the phone that once had this session."""
        self._session.cookie_jar.update_cookies({_COOKIE: session}, self._url)

    async def call(self, method: str, path: str, body: Json = None) -> Json:
        """One request and its answer. Raises ApiRefused, DeviceError when the gateway does not answer."""
        try:
            async with self._session.request(
                method,
                self._url.join(URL(path)),
                json=body,
                headers={"Origin": str(self._url.origin())},
            ) as answer:
                raw = await answer.read()
                document = msgspec.json.decode(raw) if answer.content_type == "application/json" else None
                if answer.status >= 400:
                    raise ApiRefused(answer.status, document)
                return document
        except (aiohttp.ClientError, TimeoutError) as exc:
            raise DeviceError(f"the gateway does not answer: {exc}") from exc


@contextlib.asynccontextmanager
async def open_phone(facts: GatewayFacts) -> AsyncIterator[PhoneClient]:
    """A phone that trusts this gateway's certificate and is not paired yet."""
    trust = ssl.create_default_context(cafile=facts.ca_file)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=trust),
        # Cookies for an address instead of a name, as in a lab.
        cookie_jar=aiohttp.CookieJar(unsafe=True),
        timeout=aiohttp.ClientTimeout(total=_REQUEST_S),
    ) as session:
        yield PhoneClient(session, facts.url, facts.presence_file)


class LabClient:
    """The switches of a running lab. Use :func:`open_lab_client`."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def ask(self, method: str, path: str, body: Json = None) -> Json:
        """Raises FieldInvalid when the lab refuses, DeviceError when it does not answer."""
        try:
            async with self._session.request(method, f"http://lab{path}", json=body) as answer:
                document = msgspec.json.decode(await answer.read() or b"null")
        except (aiohttp.ClientError, TimeoutError) as exc:
            raise DeviceError(f"the lab does not answer: {exc}") from exc
        if answer.status >= 400:
            raise FieldInvalid(f"the lab refused {method} {path}: {document}")
        return document

    async def gateway(self) -> GatewayFacts:
        return msgspec.convert(await self.ask("GET", "/gateway"), GatewayFacts)


@contextlib.asynccontextmanager
async def open_lab_client(directory: Path) -> AsyncIterator[LabClient]:
    """The lab that runs in this folder."""
    async with aiohttp.ClientSession(
        connector=aiohttp.UnixConnector(str(Places.of(directory).control)),
        timeout=aiohttp.ClientTimeout(total=_REQUEST_S),
    ) as session:
        yield LabClient(session)


async def bind_box(phone: PhoneClient, lab: LabClient, name: str) -> bool:
    """Bind the lab's box as a technician would; False when it was bound before."""
    binding = (await lab.ask("GET", "/state"))["binding"]
    if binding is None:
        return False
    order = {"ticket": binding["ticket"], "pin": binding["pin"], "name": name}
    await phone.call("POST", "/api/box/binding", order)
    return True
