"""``ports.DataCentre`` over the stand-in's protocol."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import ssl
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from visitbridge.adapters.datacentre.audit_head import load_audit_key, signed_head
from visitbridge.adapters.datacentre.credentials import sign_with
from visitbridge.adapters.datacentre.http import ANY_WAY, Portal, Way
from visitbridge.adapters.datacentre.identity import BoxIdentity
from visitbridge.adapters.datacentre.problems import refusal_of
from visitbridge.adapters.datacentre.receipts import is_genuine
from visitbridge.adapters.disk_errors import disk_error
from visitbridge.errors import DataCentreGarbled
from visitbridge.ports.datacentre import Contact, HandoffRefusal
from visitbridge.ports.records import AuditRow
from visitbridge.ports.store import Store
from visitbridge.protocols.datacentre.announcements import Announcement, AnnouncementList
from visitbridge.protocols.datacentre.audit_head import HEADER_AUDIT_HEAD
from visitbridge.protocols.datacentre.audit_trail import TrailAnswer, TrailRow, TrailUpload
from visitbridge.protocols.datacentre.cards import BatchAnswers, OpenCardSession, SessionStep
from visitbridge.protocols.datacentre.common import (
    HEADER_KEY,
    MissingAnswer,
    MissingRequest,
    Receipt,
    ReceiptStatus,
)
from visitbridge.protocols.datacentre.device import (
    BindAnswer,
    BindTicket,
    DeviceInfo,
    DeviceStatus,
    SamVerification,
)
from visitbridge.protocols.datacentre.erasure import EraseOrder, EraseReport, is_ordered_by
from visitbridge.protocols.datacentre.handoff import RefusedAnswer
from visitbridge.protocols.datacentre.records import (
    BatchAnswer,
    ConsentedQuery,
    RecordsAnswer,
    RecordsBatch,
    RecordsQuery,
)
from visitbridge.protocols.datacentre.uploads import (
    DataSetInfo,
    DataSetManifest,
    Eligibility,
    EligibilityRequest,
    GroupChoice,
    UploadKind,
)
from visitbridge.protocols.health import BoxHealth
from visitbridge.services.activity import Activity

T = TypeVar("T")

_STAFF_HEADER = "Staff-Token"
_MISSING_BATCH = 1000


class HttpDataCentre:
    """Open with :meth:`start`; not bound until credentials are in the store or :meth:`bind` made them.

    Credentials of another institution than :meth:`start` names are not used: every call raises BoundElsewhere.

    ``identity``: the box's certificate and the roots it trusts.
    """

    def __init__(
        self,
        store: Store,
        *,
        monotonic: Callable[[], float],
        connect: str = "",
        way: Way = ANY_WAY,
        activity: Activity | None = None,
        answer_timeout_s: float = 20.0,
    ) -> None:
        self._store = store
        self._monotonic = monotonic
        self._connect = connect
        self._way = way
        self._activity = activity or Activity()
        self._answer_timeout_s = answer_timeout_s
        self.identity = BoxIdentity(store, self._portal_at)
        self._audit_key: Ed25519PrivateKey | None = None

    async def start(self, *, bound_to: str = "") -> None:
        """``bound_to``: code of the institution whose work the box holds; empty for none."""
        await self.identity.load(bound_to=bound_to)

    async def close(self) -> None:
        await self.identity.close()

    @property
    def contact(self) -> Contact | None:
        return self._bound().contact if self.is_bound else None

    @property
    def is_bound(self) -> bool:
        return self.identity.is_bound

    def believes(self, receipt: Receipt) -> bool:
        """Whether ``receipt`` is signed by the data centre this box is bound to."""
        return self.is_bound and is_genuine(receipt, self.identity.credentials.receipt_key_hex)

    def ordered(self, order: EraseOrder) -> bool:
        """Whether the data centre this box is bound to signed an order to erase."""
        return self.is_bound and is_ordered_by(order, self.identity.credentials.receipt_key_hex)

    async def report_erasure(self, report: EraseReport) -> None:
        """Answer an order to erase; an answer that was lost may be given again."""
        body = msgspec.json.encode(report)
        await self._bound().tell("/device/erasure", body)

    async def report_health(self, health: BoxHealth) -> None:
        """See ``services.health``; a report whose answer was lost is not given again."""
        await self._bound().tell("/device/health", msgspec.json.encode(health))

    async def keep_trail(self, after: int, rows: Sequence[AuditRow]) -> int:
        """See ``services.audit_forwarding``; sending the same rows again changes nothing."""
        portal = self._bound()
        upload = TrailUpload(
            after=after,
            rows=msgspec.convert(rows, tuple[TrailRow, ...], from_attributes=True),
            head=await self._head(),
        )
        body = msgspec.json.encode(upload)
        return (await portal.post("/audit", body, into=TrailAnswer, repeatable=True)).kept

    async def _head(self) -> str:
        if self._audit_key is None:
            self._audit_key = await load_audit_key(self._store)
        return await signed_head(self._store, self._audit_key)

    def sign(self, data: bytes) -> bytes:
        """ECDSA with the key of this box's certificate, SHA-256, DER. Raises NotBound."""
        return sign_with(self.identity.credentials, data)

    async def bind(
        self, ticket: BindTicket, pin: str, device: DeviceInfo, *, bound_to: str = ""
    ) -> BindAnswer:
        return await self.identity.bind(ticket, pin, device, bound_to=bound_to)

    async def announcements(self) -> tuple[Announcement, ...]:
        return (await self._bound().ask("GET", "/announcements", into=AnnouncementList)).announcements

    async def device_status(self) -> DeviceStatus:
        return await self._bound().ask("GET", "/device", into=DeviceStatus)

    async def try_fresh(self) -> DeviceStatus:
        """:meth:`device_status` over a connection of its own: name, host, TLS and answer are all tried anew."""
        return await self.identity.try_roots(self.identity.trusted.roots)

    async def verify_sam(self) -> SamVerification:
        return await self._bound().post("/sam/verify", b"", into=SamVerification, repeatable=True)

    async def open_staff_session(self) -> SessionStep:
        return await self._bound().post("/staff/sessions", b"", into=SessionStep, repeatable=True)

    async def answer_staff(self, session_id: str, answers: BatchAnswers) -> SessionStep:
        return await self._answer(f"/staff/sessions/{session_id}/answers", answers)

    async def end_staff_session(self, token: str) -> None:
        await self._bound().discard("/staff/sessions", headers={_STAFF_HEADER: token})

    async def open_card_session(self, request: OpenCardSession) -> SessionStep:
        body = msgspec.json.encode(request)
        return await self._bound().post("/cards/sessions", body, into=SessionStep, repeatable=True)

    async def answer_card(self, session_id: str, answers: BatchAnswers) -> SessionStep:
        return await self._answer(f"/cards/sessions/{session_id}/answers", answers)

    async def end_card_session(self, session_id: str) -> None:
        await self._bound().discard(f"/cards/sessions/{session_id}")

    async def send(self, kind: UploadKind, key: str, body: bytes) -> Receipt:
        portal = self._bound()
        headers = {HEADER_KEY: key, HEADER_AUDIT_HEAD: await self._head()}
        with self._activity.hold("upload"):
            return await portal.post(
                kind.path, body, into=Receipt, content_type=kind.content_type, headers=headers
            )

    async def receipt(self, key: str) -> ReceiptStatus:
        return await self._bound().ask("GET", f"/receipts/{key}", into=ReceiptStatus)

    async def missing_receipts(self, keys: Sequence[str]) -> tuple[str, ...]:
        missing: list[str] = []
        for start in range(0, len(keys), _MISSING_BATCH):
            body = msgspec.json.encode(MissingRequest(keys=tuple(keys[start : start + _MISSING_BATCH])))
            answer = await self._bound().post("/receipts/missing", body, into=MissingAnswer, repeatable=True)
            missing.extend(answer.missing)
        return tuple(missing)

    async def handoff_refusals(self, keys: Sequence[str]) -> tuple[HandoffRefusal, ...]:
        refusals: list[HandoffRefusal] = []
        for start in range(0, len(keys), _MISSING_BATCH):
            body = msgspec.json.encode(MissingRequest(keys=tuple(keys[start : start + _MISSING_BATCH])))
            answer = await self._bound().post("/handoffs/refused", body, into=RefusedAnswer, repeatable=True)
            refusals += (
                HandoffRefusal(key=each.key, digest=each.digest, error=refusal_of(each.problem))
                for each in answer.refused
            )
        return tuple(refusals)

    async def datasets(self) -> DataSetManifest:
        return await self._bound().ask("GET", "/datasets", into=DataSetManifest)

    async def choose_dataset_group(self, group: str) -> DataSetManifest:
        body = msgspec.json.encode(GroupChoice(group=group))
        return await self._bound().post("/device/dataset-group", body, into=DataSetManifest, repeatable=True)

    async def download_dataset(self, info: DataSetInfo, target: Path) -> None:
        part = target.with_suffix(".part")
        have = part.stat().st_size if part.exists() else 0
        if have < info.size_bytes:
            with _open_part(part) as keep:
                path = f"/datasets/{info.name}/{info.version}"
                await self._bound().fetch(path, offset=have, most_bytes=info.size_bytes - have, sink=keep)
        digest = await asyncio.to_thread(_sha256, part)
        if digest != info.sha256:
            part.unlink()
            raise DataCentreGarbled(f"data set {info.name}: wrong digest")
        part.replace(target)

    async def eligibility(self, request: EligibilityRequest) -> Eligibility:
        body = msgspec.json.encode(request)
        return await self._bound().post("/eligibility", body, into=Eligibility, repeatable=True)

    async def query_records(self, staff_token: str, query: RecordsQuery) -> RecordsAnswer:
        return await self._read_records("/records/query", staff_token, query, RecordsAnswer)

    async def fetch_consented(self, staff_token: str, queries: Sequence[ConsentedQuery]) -> BatchAnswer:
        batch = RecordsBatch(queries=tuple(queries))
        return await self._read_records("/records/batch", staff_token, batch, BatchAnswer)

    async def _read_records(self, path: str, staff_token: str, message: msgspec.Struct, into: type[T]) -> T:
        return await self._bound().post(
            path,
            msgspec.json.encode(message),
            into=into,
            headers={_STAFF_HEADER: staff_token},
            repeatable=True,
        )

    async def _answer(self, path: str, answers: BatchAnswers) -> SessionStep:
        """Post a batch; the other side gives one answer per batch, so a lost reply may be asked for again."""
        return await self._bound().post(path, msgspec.json.encode(answers), into=SessionStep, repeatable=True)

    def _bound(self) -> Portal:
        return self.identity.portal

    def _portal_at(self, url: str, context: ssl.SSLContext) -> Portal:
        return Portal(
            url,
            context,
            monotonic=self._monotonic,
            connect=self._connect,
            way=self._way,
            answer_timeout_s=self._answer_timeout_s,
        )


@contextlib.contextmanager
def _open_part(part: Path) -> Iterator[Callable[[bytes], None]]:
    """What adds pieces to a part of a file. Raises StoreError for what the disk refuses, which is no fault of the line."""

    def keep(piece: bytes) -> None:
        left = memoryview(piece)
        try:
            while left:
                left = left[file.write(left) :]
        except OSError as exc:
            raise disk_error(exc) from exc

    try:
        file = part.open("ab", buffering=0)
    except OSError as exc:
        raise disk_error(exc) from exc
    with contextlib.closing(file):
        yield keep


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
