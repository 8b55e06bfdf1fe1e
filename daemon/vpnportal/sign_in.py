"""Sign-ins with a health-professional card, from the challenge to the session."""

from __future__ import annotations

import datetime as dt
import secrets

import msgspec

from visitbridge.protocols.datacentre.cards import BatchAnswers, SessionStep
from visitbridge.protocols.datacentre.common import ProblemCode
from vpnportal.callers import Caller
from vpnportal.cards import SignIn, StaffScripts
from vpnportal.clock import PortalClock
from vpnportal.database import Database
from vpnportal.problems import Refusal, refuse
from vpnportal.staff import open_session

SIGN_IN_LIFE = dt.timedelta(minutes=5)
SIGN_INS_PER_BOX = 16


class _Pending(msgspec.Struct, kw_only=True):
    """``done``: the answers that ended it and what they came to, for a box that asks again."""

    device_id: str
    opened_at: dt.datetime
    sign_in: SignIn
    done: tuple[BatchAnswers, SessionStep | Refusal] | None = None


class SignInDesk:
    """Sign-ins of this process. Its synchronous methods belong to the database's thread."""

    def __init__(self, database: Database, scripts: StaffScripts, clock: PortalClock) -> None:
        self._database = database
        self._scripts = scripts
        self._clock = clock
        self._pending: dict[str, _Pending] = {}

    async def begin(self, caller: Caller) -> SessionStep:
        """A challenge for the card in the box's reader."""
        return await self._database.call(lambda: self._begin(caller))

    async def answer(self, caller: Caller, session_id: str, answers: BatchAnswers) -> SessionStep:
        """The session for the card's answers; the same answers again give the same one.

        Raises Refusal unknown_session, and those of :meth:`StaffScripts.finish` and :func:`open_session`.
        """
        return await self._database.call(lambda: self._answer(caller, session_id, answers))

    def _begin(self, caller: Caller) -> SessionStep:
        now = self._clock.now()
        self._forget_old(now, caller.device_id)
        sign_in, script = self._scripts.begin()
        session_id = secrets.token_hex(16)
        self._pending[session_id] = _Pending(device_id=caller.device_id, opened_at=now, sign_in=sign_in)
        return SessionStep(session_id=session_id, script=script)

    def _answer(self, caller: Caller, session_id: str, answers: BatchAnswers) -> SessionStep:
        now = self._clock.now()
        pending = self._pending.get(session_id)
        if pending is None or pending.device_id != caller.device_id or now - pending.opened_at > SIGN_IN_LIFE:
            raise refuse(
                404,
                ProblemCode.UNKNOWN_SESSION,
                title="no such sign-in",
                words="認證已逾時，請重新認證醫事人員卡。",
            )
        if pending.done is None:
            pending.done = (answers, self._finish(caller, session_id, pending, answers, now))
        elif pending.done[0] != answers:
            raise refuse(
                409,
                ProblemCode.BATCH_MISMATCH,
                title="this sign-in is over",
                words="認證步驟不符，請重新認證醫事人員卡。",
            )
        outcome = pending.done[1]
        if isinstance(outcome, Refusal):
            raise Refusal(outcome.problem, retry_after_s=outcome.retry_after_s)
        return outcome

    def _finish(
        self, caller: Caller, session_id: str, pending: _Pending, answers: BatchAnswers, now: dt.datetime
    ) -> SessionStep | Refusal:
        try:
            holder = self._scripts.finish(pending.sign_in, answers)
            token = self._database.transact(
                lambda connection: open_session(connection, caller, holder.hpc_no, now)
            )
        except Refusal as refusal:
            return refusal
        return SessionStep(session_id=session_id, staff=token)

    def _forget_old(self, now: dt.datetime, device_id: str) -> None:
        for session_id, pending in list(self._pending.items()):
            if now - pending.opened_at > SIGN_IN_LIFE:
                del self._pending[session_id]
        of_box = [key for key, pending in self._pending.items() if pending.device_id == device_id]
        for session_id in of_box[: max(0, len(of_box) - SIGN_INS_PER_BOX + 1)]:
            del self._pending[session_id]
