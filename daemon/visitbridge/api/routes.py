"""The route table: one typed entry per operation.

The table alone drives matching, body decoding, the permission check, the OpenAPI document and the tests that
walk over every route. A route cannot be made without an access rule, so nothing is open by oversight.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

import msgspec
from aiohttp import web

from visitbridge.domain.people import BoxRole, Right
from visitbridge.ports.records import PairedPhone
from visitbridge.services.grants import Acting

Method = Literal["GET", "POST", "PUT", "DELETE"]
JSON_LIMIT_BYTES = 256 * 1024
PHOTO_LIMIT_BYTES = 8 * 1024 * 1024
PHOTO_TYPES = ("image/jpeg", "image/png")

BodyT = TypeVar("BodyT")
QueryT = TypeVar("QueryT")
AnswerT = TypeVar("AnswerT")


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call a route: anybody, a paired phone that is open, or one on which somebody is signed in.

    ``locked``: a paired phone that is locked or over may call it too. ``staff``: somebody is signed in there now.
    ``right`` is the service code that the person must hold (A08); without ``staff`` it may also be that of the person
    whose session ran out on this phone, for the work in hand (F05). ``role`` is the least role of the phone (A03).
    ``watcher``: a program that shows the metrics token may call it as well, without a phone.
    ``proven``: somebody has shown card or code on this phone in the last minutes.
    """

    phone: bool
    locked: bool = False
    staff: bool = False
    right: Right | None = None
    role: BoxRole = BoxRole.USER
    watcher: bool = False
    proven: bool = False


OPEN = Access(phone=False)
PAIRED = Access(phone=True)
KNOWN = Access(phone=True, locked=True)
TECHNICIAN = Access(phone=True, role=BoxRole.TECHNICIAN)
WATCHER = Access(phone=True, role=BoxRole.TECHNICIAN, watcher=True)
PROVEN = Access(phone=True, proven=True)
PROVEN_TECHNICIAN = Access(phone=True, role=BoxRole.TECHNICIAN, proven=True)
"""For what decides who gets in, and for what nobody takes back: an open phone that was left lying about must not be enough."""


def signed_in(right: Right | None = None) -> Access:
    return Access(phone=True, staff=True, right=right)


def reduced(right: Right) -> Access:
    """For work in hand that goes on after a session ran out, by the person who holds ``right`` (F05, F07).

    Without a live session, a route with ``{visit_id}`` is open for that person's own visits of the day only.
    """
    return Access(phone=True, right=right)


class NoQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A route without query parameters."""


@dataclass(slots=True, kw_only=True)
class Call(Generic[QueryT, BodyT]):
    """One request, checked and decoded.

    ``path`` holds the path parameters. ``phone`` is None on open routes only. ``body`` is the decoded JSON, or
    the photo's bytes, or None where the route takes none. ``acting`` is who acts on the phone, None: nobody. A
    handler that assigns ``cookie`` gives the phone a new one.
    """

    path: dict[str, str]
    query: QueryT
    body: BodyT
    phone: PairedPhone | None
    client: str
    language: str
    acting: Acting | None = None
    cookie: str | None = None

    @property
    def phone_id(self) -> str:
        """Id of the paired phone; raises LookupError on an open route, which has none."""
        return self.known_phone.phone_id

    @property
    def who(self) -> str:
        """Who this is on the audit trail: the person who acts on the phone, or the phone while nobody does."""
        return "phone" if self.acting is None else self.acting.staff_id

    @property
    def known_phone(self) -> PairedPhone:
        """The paired phone; raises LookupError on an open route, which has none."""
        if self.phone is None:
            raise LookupError("an open route knows no phone")
        return self.phone


@dataclass(frozen=True, slots=True, kw_only=True)
class Route(Generic[QueryT, BodyT, AnswerT]):
    """An operation that answers JSON.

    ``answer`` None means 204. ``consumes`` lists the media types of a body that is no JSON; ``body`` is then
    ``bytes``. ``body`` None means that nothing, or an empty JSON object, is sent.
    """

    method: Method
    path: str
    summary: str
    access: Access
    handler: Callable[[Call[QueryT, BodyT]], Awaitable[AnswerT]]
    answer: type[AnswerT] | None
    body: type[BodyT] | None = None
    query: type[QueryT] | type[NoQuery] = NoQuery
    status: int = 200
    consumes: tuple[str, ...] = ("application/json",)
    limit_bytes: int = JSON_LIMIT_BYTES

    @property
    def takes_photo(self) -> bool:
        return self.body is bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRoute:
    """An operation that writes its own response: an event stream, a document with an ETag."""

    path: str
    summary: str
    access: Access
    produces: str
    handler: Callable[[web.Request, PairedPhone | None], Awaitable[web.StreamResponse]]
    method: Method = "GET"


AnyRoute = Route[Any, Any, Any] | RawRoute

_PARAMETER = re.compile(r"\{([a-z_]+)\}")


def parameters(route: AnyRoute) -> tuple[str, ...]:
    """Names of the path parameters, in order."""
    return tuple(_PARAMETER.findall(route.path))


def pattern(route: AnyRoute) -> str:
    """The path in aiohttp's notation; a parameter is one segment of at most 128 characters."""
    return _PARAMETER.sub(r"{\1:[^/{}]{1,128}}", route.path)


@dataclass(frozen=True, slots=True)
class RouteTable:
    """All routes, in order. Raises ValueError for two with the same method and path shape."""

    routes: Sequence[AnyRoute] = field(default_factory=tuple)

    @classmethod
    def of(cls, *groups: Iterable[AnyRoute]) -> RouteTable:
        routes = tuple(route for group in groups for route in group)
        seen: set[tuple[str, str]] = set()
        for route in routes:
            shape = (route.method, _PARAMETER.sub("{}", route.path))
            if shape in seen:
                raise ValueError(f"two routes for {route.method} {route.path}")
            seen.add(shape)
        return cls(routes)
