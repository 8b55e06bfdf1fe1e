"""The upload inbox: one effect and one receipt per key, however often it is sent (data-centre.md §1.2-1.4)."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager

import msgspec
from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from visitbridge.protocols.datacentre.common import (
    CheckFinding,
    ProblemCode,
    Receipt,
    ReceiptStatus,
    digest_of,
)
from visitbridge.protocols.datacentre.uploads import UploadKind
from vpnportal.callers import Caller
from vpnportal.checks import Situation, Verdict
from vpnportal.checks.codes import finding
from vpnportal.checks.known import recorded_mark
from vpnportal.clock import PortalClock
from vpnportal.database import Database
from vpnportal.problems import checks_failed, refuse
from vpnportal.receipts import ReceiptBook
from vpnportal.schema import devices, prescription_codes, upload_records, uploads

Check = Callable[[bytes, Situation], Verdict]

UNAMBIGUOUS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Characters of a 通關密碼: nothing that a person reads or hears as something else."""


class UploadDesk:
    """Takes uploads. ``checks`` judges each kind; a kind without one cannot be sent."""

    def __init__(
        self,
        database: Database,
        receipts: ReceiptBook,
        clock: PortalClock,
        checks: Mapping[UploadKind, Check],
    ) -> None:
        self._database = database
        self._receipts = receipts
        self._clock = clock
        self._checks = checks
        self._in_progress: set[str] = set()

    async def accept(
        self,
        kind: UploadKind,
        caller: Caller,
        key: str,
        body: bytes,
        *,
        before_effect: Callable[[], Awaitable[None]],
    ) -> Receipt:
        """Judge and store one upload; the receipt is durable when this returns.

        ``before_effect`` is awaited while the key is known to be in progress. Raises Refusal key_conflict,
        in_progress, malformed, checks_failed. A refused upload leaves nothing behind: its key is free again.
        """
        digest = digest_of(body)
        with self._claim(key):
            await before_effect()

            def take(connection: Connection) -> Receipt:
                return self._take(connection, kind, caller, key, body, digest)

            try:
                return await self._database.run(take)
            except IntegrityError:
                # Another worker committed the same key or record a moment ago: now its receipt answers, or C001.
                return await self._database.run(take)

    async def precheck(self, kind: UploadKind, caller: Caller, body: bytes) -> tuple[CheckFinding, ...]:
        """What :meth:`accept` would refuse this body for; no effect. Raises Refusal malformed."""
        return await self._database.run(
            lambda connection: self._judge(connection, kind, caller, body).findings
        )

    async def status(self, caller: Caller, key: str) -> ReceiptStatus:
        """What is known of a key. ``in_progress`` speaks for this worker; sending again is safe in any case."""
        if key in self._in_progress:
            return ReceiptStatus(state="in_progress")
        receipt = await self._database.run(
            lambda connection: self._receipts.of_institution(connection, key, caller.institution)
        )
        return ReceiptStatus(state="unknown_key" if receipt is None else "receipt", receipt=receipt)

    @contextmanager
    def _claim(self, key: str) -> Iterator[None]:
        if key in self._in_progress:
            raise refuse(
                409,
                ProblemCode.IN_PROGRESS,
                retry="later",
                title="a request with this key is being worked on",
                words="相同資料正在受理中，請稍候。",
                retry_after_s=1,
            )
        self._in_progress.add(key)
        try:
            yield
        finally:
            self._in_progress.discard(key)

    def _take(
        self, connection: Connection, kind: UploadKind, caller: Caller, key: str, body: bytes, digest: str
    ) -> Receipt:
        stored = self._receipts.stored(
            connection, key, institution=caller.institution, kind=kind, digest=digest
        )
        if stored is not None:
            return stored
        verdict = self._judge(connection, kind, caller, body)
        if verdict.findings:
            raise checks_failed(verdict.findings)
        prescription_code = _new_prescription_code(connection) if verdict.has_orders else None
        receipt = self._receipts.store(
            connection,
            key,
            institution=caller.institution,
            device_id=caller.device_id,
            kind=kind,
            digest=digest,
            insurer=_answers(kind, prescription_code),
        )
        if prescription_code is not None:
            connection.execute(insert(prescription_codes).values(code=prescription_code, key=key))
        self._file(connection, kind, caller, key, body, verdict)
        return receipt

    def _file(
        self,
        connection: Connection,
        kind: UploadKind,
        caller: Caller,
        key: str,
        body: bytes,
        verdict: Verdict,
    ) -> None:
        now = self._clock.now()
        connection.execute(
            insert(uploads).values(
                key=key,
                kind=kind,
                institution=caller.institution,
                device_id=caller.device_id,
                received_at=now,
                body=body,
            )
        )
        for record in verdict.records:
            connection.execute(
                insert(upload_records).values(
                    kind=kind,
                    institution=caller.institution,
                    record_key=record.key,
                    key=key,
                    mark=record.mark,
                )
            )
        connection.execute(
            update(devices).where(devices.c.device_id == caller.device_id).values(last_upload_at=now)
        )

    def _judge(self, connection: Connection, kind: UploadKind, caller: Caller, body: bytes) -> Verdict:
        verdict = self._checks[kind](
            body,
            Situation(
                connection=connection,
                institution=caller.device.institution,
                sam_id=caller.device.sam.sam_id,
                now=self._clock.now(),
            ),
        )
        repeated = tuple(
            finding("C001", record.field)
            for record in verdict.records
            if recorded_mark(connection, kind, caller.institution, record.key) is not None
        )
        return msgspec.structs.replace(verdict, findings=verdict.findings + repeated)


def _answers(kind: UploadKind, prescription_code: str | None) -> dict[str, str]:
    """What a receipt brings along. 就醫識別碼: 20 characters; what the insurer's own hold is not public, ours hold nothing."""
    answers: dict[str, str] = {}
    if kind is UploadKind.VISIT:
        answers["visit_identifier"] = "".join(secrets.choice(UNAMBIGUOUS) for _ in range(20))
    if prescription_code is not None:
        answers["prescription_code"] = prescription_code
    return answers


def _new_prescription_code(connection: Connection) -> str:
    while True:
        code = "".join(secrets.choice(UNAMBIGUOUS) for _ in range(8))
        taken = connection.execute(
            select(prescription_codes.c.code).where(prescription_codes.c.code == code)
        ).one_or_none()
        if taken is None:
            return code
