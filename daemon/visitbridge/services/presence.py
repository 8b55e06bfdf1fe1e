"""Proof that whoever asks stands where the box or one of its people is (ux §3.1).

A phone that wants to be paired, or opened again, asks. What it asks is shown at once on every open phone, with its
name, to be allowed or refused, and at the box's own console. A code of six digits goes the other way: the console
shows it, a phone shows it to whoever allowed; the asking phone has to bring it. A refusal, five wrong codes or three
minutes end the matter, and nothing of it was stored.
"""

from __future__ import annotations

import datetime as dt
import enum
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from visitbridge.domain.people import BoxRole
from visitbridge.errors import CodeWrong, NotFound, PairingRefused, ProofStale, RoleMissing
from visitbridge.ports.clock import Clock
from visitbridge.ports.records import AuditEntry
from visitbridge.ports.store import Store
from visitbridge.services.live import LiveBoard

LIFE_S = 180.0
TRIES = 5

_AT_ONCE = 16
_TOPIC = "presence"


class Purpose(enum.StrEnum):
    """What a phone asks for."""

    PAIR = "pair"
    OPEN = "open"
    CONFIRM = "confirm"
    """It is open, and its person wants to decide who gets in."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What people see of a request. ``phone_id``: of the phone that asks, or will have once it is paired.
    ``allowed_by``: id of the phone that showed the code; empty so far.
    """

    request_id: str
    phone_id: str
    purpose: Purpose
    name: str
    role: BoxRole
    expires_at: dt.datetime
    allowed_by: str = ""


class PresenceTopic(msgspec.Struct, frozen=True, kw_only=True):
    questions: tuple[Question, ...]


class ShownQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """What whoever sits at the box is shown. ``code``: six digits, to be typed on the phone that asks."""

    question: Question
    code: str


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """``secret`` is for the asking phone alone; it brings it back with the code. ``code`` is empty but where the phone has
    already proven to be at the box, by its label.
    """

    secret: str
    question: Question
    code: str = ""


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """``proven``: whoever showed the code may decide who gets in: it was the box, or a phone whose person had just
    shown card or code.
    """

    question: Question
    proven: bool

    @property
    def phone_id(self) -> str:
        return self.question.phone_id


@dataclass(slots=True)
class _Request:
    question: Question
    digest: str
    code: str
    ends_s: float
    tries_left: int
    proven: bool = True


class PresenceDesk:
    """Requests live in memory only: a restart of the box ends them."""

    def __init__(self, store: Store, board: LiveBoard, clock: Clock) -> None:
        self._store = store
        self._board = board
        self._clock = clock
        self._requests: dict[str, _Request] = {}
        self._on_change: list[Callable[[], None]] = []
        self._on_refused: list[Callable[[str], None]] = []
        self._publish()

    def when_changed(self, listener: Callable[[], None]) -> None:
        self._on_change.append(listener)

    def when_refused(self, listener: Callable[[str], None]) -> None:
        """Call ``listener`` with the phone's id when somebody refuses it, or its tries are used up."""
        self._on_refused.append(listener)

    def for_console(self) -> tuple[ShownQuestion, ...]:
        self._drop_ended()
        return tuple(
            ShownQuestion(question=request.question, code=request.code) for request in self._requests.values()
        )

    def ask(self, purpose: Purpose, *, name: str, role: BoxRole, phone_id: str) -> Asked:
        """A new request for ``phone_id``, in place of an earlier one, whose wrong codes still count.

        The oldest goes when there are too many.
        """
        self._drop_ended()
        mine = [request for request in self._requests.values() if request.question.phone_id == phone_id]
        earlier = [request.question.request_id for request in mine]
        while len(self._requests) - len(earlier) >= _AT_ONCE:
            earlier.append(next(key for key in self._requests if key not in earlier))
        for key in earlier:
            del self._requests[key]
        secret = secrets.token_urlsafe(16)
        question = Question(
            request_id=secrets.token_hex(8),
            phone_id=phone_id,
            purpose=purpose,
            name=name,
            role=role,
            expires_at=self._clock.now() + dt.timedelta(seconds=LIFE_S),
        )
        self._requests[question.request_id] = _Request(
            question=question,
            digest=_digest(secret),
            code=f"{secrets.randbelow(10**6):06d}",
            ends_s=self._clock.monotonic() + LIFE_S,
            tries_left=min((request.tries_left for request in mine), default=TRIES),
        )
        self._tell()
        return Asked(secret=secret, question=question)

    async def allow(self, request_id: str, *, by: str, role: BoxRole, proven: bool) -> str:
        """The code, for the phone ``by`` that allows it. ``proven``: its person has just shown card or code.

        Raises NotFound, also for a request of that very phone; RoleMissing: nobody allows more than the own role;
        ProofStale: another phone is opened without it, but neither brought in nor let decide who is.
        """
        request = self._live(request_id)
        if request.question.phone_id == by:
            raise NotFound("a phone allows nothing to itself", field="request_id")
        if not role.covers(request.question.role):
            raise RoleMissing(
                "a phone allows at most its own role", params={"role": request.question.role.value}
            )
        if not proven and request.question.purpose is not Purpose.OPEN:
            raise ProofStale("who lets others in shows card or code first")
        await self._audit("presence.allow", request, by)
        request.proven = proven
        request.question = msgspec.structs.replace(request.question, allowed_by=by)
        self._tell()
        return request.code

    async def refuse(self, request_id: str, *, by: str) -> None:
        """End it: the asking phone has to begin from the link. Raises NotFound."""
        request = self._live(request_id)
        self._end(request)
        await self._audit("presence.refuse", request, by)

    def look(self, secret: str) -> Question:
        """How far the request is. Raises PairingRefused once it was refused or is over."""
        return self._of(secret).question

    def check(self, secret: str, code: str) -> Proof:
        """The question that ``code`` answers. It stays open until :meth:`close`.

        Raises PairingRefused (refused, over, tried too often) and CodeWrong (``tries_left``).
        """
        request = self._of(secret)
        if not hmac.compare_digest(request.code.encode(), code.encode()):
            request.tries_left -= 1
            if request.tries_left == 0:
                self._end(request)
                raise PairingRefused("too many wrong codes")
            raise CodeWrong("not the code shown", field="code", params={"tries_left": request.tries_left})
        return Proof(question=request.question, proven=request.proven)

    def find(self, secret: str) -> Question:
        """As :meth:`check`, for a proof other than the code. Raises PairingRefused."""
        return self._of(secret).question

    def spoil(self, question: Question) -> None:
        """Another proof failed: what this phone asks, also meanwhile, is over as if it had been refused."""
        mine = [each for each in self._requests.values() if each.question.phone_id == question.phone_id]
        for request in mine:
            self.close(request.question)
        self._tell_refused(question.phone_id)

    def close(self, question: Question) -> None:
        self._requests.pop(question.request_id, None)
        self._tell()

    def _end(self, request: _Request) -> None:
        self.close(request.question)
        self._tell_refused(request.question.phone_id)

    def _tell_refused(self, phone_id: str) -> None:
        for listener in self._on_refused:
            listener(phone_id)

    def _live(self, request_id: str) -> _Request:
        self._drop_ended()
        request = self._requests.get(request_id)
        if request is None:
            raise NotFound("request", field="request_id")
        return request

    def _of(self, secret: str) -> _Request:
        self._drop_ended()
        digest = _digest(secret)
        found = next((request for request in self._requests.values() if request.digest == digest), None)
        if found is None:
            raise PairingRefused("refused, over or never asked")
        return found

    def _drop_ended(self) -> None:
        now_s = self._clock.monotonic()
        ended = [key for key, request in self._requests.items() if request.ends_s <= now_s]
        for key in ended:
            del self._requests[key]
        if ended:
            self._tell()

    def _tell(self) -> None:
        self._publish()
        for listener in self._on_change:
            listener()

    def _publish(self) -> None:
        questions = tuple(request.question for request in self._requests.values())
        self._board.put(_TOPIC, PresenceTopic(questions=questions))

    async def _audit(self, act: str, request: _Request, by: str) -> None:
        entry = AuditEntry(
            at=self._clock.now(),
            who="box",
            act=act,
            record=request.question.phone_id,
            phone_id=by,
            why=request.question.purpose.value,
        )
        await self._store.write(lambda tx: tx.audit.append(entry))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
