"""Card sessions: scripts out, answers in, one answer for each batch however often it is posted.

Sessions live in this process only. After a restart a session is unknown, and the box finds out by reading the card
back: the card's memory and the receipts are what lasts.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable

import msgspec

from visitbridge.errors import CardError
from visitbridge.protocols.apdu import Response
from visitbridge.protocols.datacentre.cards import (
    BatchAnswers,
    OpenCardSession,
    Script,
    ScriptStep,
    SessionStep,
    intent_digest,
)
from visitbridge.protocols.datacentre.common import ProblemCode
from visitbridge.protocols.scp03_keys import CHALLENGE_LENGTH
from vpnportal.cards import content, identify, rules, words, writing
from vpnportal.cards.dialogue import Batch, Dialogue
from vpnportal.cards.seams import Clock, ReceiptIssuer, StaffView
from vpnportal.problems import Refusal, malformed, refuse

SESSION_LIFE = dt.timedelta(minutes=10)
SESSIONS_PER_BOX = 16
_SECONDS_PER_STEP = 5.0

_WRITING: dict[str, Callable[[writing.Case, bytes], Dialogue]] = {
    "write_visit": writing.write_visit,
    "write_prescription": writing.write_prescription,
    "read_back": writing.read_back,
    "repair": writing.repair,
}


class _Session(msgspec.Struct, kw_only=True):
    """``previous``: the batch answered last and what it was answered with, for a repetition of it."""

    session_id: str
    box_id: str
    dialogue: Dialogue
    opened_at: dt.datetime
    batch_id: str = ""
    steps: int = 0
    previous: tuple[BatchAnswers, SessionStep | Refusal] | None = None
    batches: int = 0


class CardSessions:
    """All open card sessions. Not thread-safe: call it from one thread."""

    def __init__(
        self,
        receipts: ReceiptIssuer,
        clock: Clock,
        *,
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._receipts = receipts
        self._clock = clock
        self._random_bytes = random_bytes
        self._sessions: dict[str, _Session] = {}

    def open(
        self, request: OpenCardSession, *, box_id: str, institution: str, staff: StaffView
    ) -> SessionStep:
        """Begin a session for a box and give its first script.

        Raises Refusal: right_missing, 4029, checks_failed naming a field, 9203, malformed.
        """
        now = self._clock.now()
        self._forget_old(now, box_id)
        dialogue = self._dialogue(request, institution, staff, now)
        session = _Session(
            session_id=self._random_bytes(16).hex(), box_id=box_id, dialogue=dialogue, opened_at=now
        )
        self._sessions[session.session_id] = session
        return self._script(session, next(dialogue))

    def answer(self, session_id: str, *, box_id: str, answers: BatchAnswers) -> SessionStep:
        """Take the card's answers to the current script; give the next one, or the result.

        Raises Refusal: unknown_session (404), batch_mismatch (409), malformed, and whatever the session comes
        to. A batch posted again gives what it gave before, refusals included.
        """
        session = self._find(session_id, box_id)
        if session.previous is not None and session.previous[0] == answers:
            return _again(session.previous[1])
        if answers.batch_id != session.batch_id:
            raise refuse(
                409,
                ProblemCode.BATCH_MISMATCH,
                title="not the batch that this session waits for",
                retry="unknown",
                words="健保卡作業的步驟不符，請重新讀卡確認。",
            )
        responses = _responses(answers, session.steps)
        step = self._advance(session, responses)
        session.previous = (answers, step)
        return _again(step)

    def close(self, session_id: str, *, box_id: str) -> None:
        """Forget a session; nothing happens when there is none."""
        session = self._sessions.get(session_id)
        if session is not None and session.box_id == box_id:
            del self._sessions[session_id]

    def _dialogue(
        self, request: OpenCardSession, institution: str, staff: StaffView, now: dt.datetime
    ) -> Dialogue:
        rules.check_rights(request.purpose, staff, request.intent)
        host_challenge = self._random_bytes(CHALLENGE_LENGTH)
        if request.purpose == "read":
            return identify.read(host_challenge)
        if request.purpose == "update":
            return writing.update(now, host_challenge)
        intent = rules.check_intent(request.intent, institution, now)
        content.check_visit(intent)
        content.order_records(intent)
        digest = intent_digest(intent)
        known = self._receipts.find(intent.key)
        if known is not None and known.digest != digest and request.purpose != "read_back":
            raise words.key_conflict()
        case = writing.Case(intent=intent, digest=digest, receipts=self._receipts, now=now)
        return _WRITING[request.purpose](case, host_challenge)

    def _advance(self, session: _Session, responses: tuple[Response, ...]) -> SessionStep | Refusal:
        try:
            return self._script(session, session.dialogue.send(responses))
        except StopIteration as done:
            session.batch_id = ""
            return SessionStep(session_id=session.session_id, card=done.value)
        except Refusal as refusal:
            session.batch_id = ""
            return refusal
        except BaseException:
            # The receipt may or may not be stored: from here on only a read-back can tell.
            del self._sessions[session.session_id]
            raise

    def _script(self, session: _Session, batch: Batch) -> SessionStep:
        session.batches += 1
        session.batch_id = f"{session.session_id}-{session.batches}"
        session.steps = len(batch.steps)
        script = Script(
            batch_id=session.batch_id,
            phase=batch.phase,
            steps=tuple(
                ScriptStep(apdu=step.command.encode().hex().upper(), label=step.label, mutating=step.mutating)
                for step in batch.steps
            ),
            deadline_s=_SECONDS_PER_STEP * len(batch.steps),
        )
        return SessionStep(session_id=session.session_id, script=script)

    def _find(self, session_id: str, box_id: str) -> _Session:
        session = self._sessions.get(session_id)
        expired = session is not None and self._clock.now() - session.opened_at > SESSION_LIFE
        if session is None or expired or session.box_id != box_id:
            raise refuse(
                404,
                ProblemCode.UNKNOWN_SESSION,
                title="no such card session",
                retry="unknown",
                words="資料中心已沒有這次健保卡作業，請重新讀卡確認。",
            )
        return session

    def _forget_old(self, now: dt.datetime, box_id: str) -> None:
        for session in list(self._sessions.values()):
            if now - session.opened_at > SESSION_LIFE:
                del self._sessions[session.session_id]
        of_box = [session for session in self._sessions.values() if session.box_id == box_id]
        for session in of_box[: max(0, len(of_box) - SESSIONS_PER_BOX + 1)]:
            del self._sessions[session.session_id]


def _responses(answers: BatchAnswers, steps: int) -> tuple[Response, ...]:
    """The answers as response APDUs. Raises Refusal malformed when they cannot belong to ``steps`` commands."""
    stopped_at = answers.stopped_at
    due = steps if stopped_at is None else stopped_at + 1
    if len(answers.answers) != due or due > steps:
        raise malformed("the number of answers does not match the script", field="answers")
    try:
        return tuple(Response.decode(bytes.fromhex(answer)) for answer in answers.answers)
    except CardError as exc:
        raise malformed(exc.detail, field="answers") from exc


def _again(outcome: SessionStep | Refusal) -> SessionStep:
    if isinstance(outcome, Refusal):
        raise Refusal(outcome.problem, retry_after_s=outcome.retry_after_s)
    return outcome
