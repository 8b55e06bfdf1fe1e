"""``ports.DataCentre`` over the stand-in's protocol."""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from visitbridge.adapters.datacentre.audit_head import load_audit_key, signed_head
from visitbridge.adapters.datacentre.credentials import (
    Credentials,
    client_context,
    load_credentials,
    pending_key,
    save_credentials,
    sign_with,
    trusting,
)
from visitbridge.adapters.datacentre.http import ANY_WAY, Portal, Way
from visitbridge.adapters.datacentre.problems import refusal_of
from visitbridge.adapters.datacentre.receipts import is_genuine
from visitbridge.errors import DataCentreGarbled, NotBound
from visitbridge.ports.datacentre import Contact, HandoffRefusal
from visitbridge.ports.store import Store
from visitbridge.protocols.datacentre.audit_head import HEADER_AUDIT_HEAD
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
    BindRequest,
    BindTicket,
    DeviceInfo,
    DeviceStatus,
    SamVerification,
)
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
    UploadKind,
)
from visitbridge.services.activity import Activity

T = TypeVar("T")

_STAFF_HEADER = "Staff-Token"
_MISSING_BATCH = 1000


class HttpDataCentre:
    """Open with :meth:`start`; not bound until credentials are in the store or :meth:`bind` made them."""

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
        self._credentials: Credentials | None = None
        self._portal: Portal | None = None
        self._audit_key: Ed25519PrivateKey | None = None

    async def start(self) -> None:
        credentials = await load_credentials(self._store)
        if credentials is not None:
            await self._use(credentials)

    async def close(self) -> None:
        if self._portal is not None:
            await self._portal.close()
            self._portal = None

    @property
    def contact(self) -> Contact | None:
        return None if self._portal is None else self._portal.contact

    @property
    def is_bound(self) -> bool:
        return self._portal is not None

    def believes(self, receipt: Receipt) -> bool:
        """Whether ``receipt`` is signed by the data centre this box is bound to."""
        return self._credentials is not None and is_genuine(receipt, self._credentials.receipt_key_hex)

    def sign(self, data: bytes) -> bytes:
        """ECDSA with the key of this box's certificate, SHA-256, DER. Raises NotBound."""
        if self._credentials is None:
            raise NotBound
        return sign_with(self._credentials, data)

    async def bind(self, ticket: BindTicket, pin: str, device: DeviceInfo) -> BindAnswer:
        key = await pending_key(self._store, ticket.token, device.sheet_id)
        request = BindRequest(token=ticket.token, pin=pin, csr_pem=key.csr_pem, device=device)
        try:
            context = trusting(ticket.ca_pem)
        except OSError as exc:
            raise DataCentreGarbled("the code's certificate cannot be read") from exc
        stranger = self._portal_at(ticket.url, context)
        try:
            answer = await stranger.post("/bind", msgspec.json.encode(request), into=BindAnswer)
        finally:
            await stranger.close()
        credentials = Credentials(
            url=ticket.url,
            ca_pem=ticket.ca_pem,
            certificate_pem=answer.certificate_pem,
            key_pem=key.key_pem,
            receipt_key_hex=answer.receipt_key_hex,
        )
        await save_credentials(self._store, credentials)
        await self._use(credentials)
        return answer

    async def device_status(self) -> DeviceStatus:
        return await self._bound().ask("GET", "/device", into=DeviceStatus)

    async def try_fresh(self) -> DeviceStatus:
        """:meth:`device_status` over a connection of its own: name, host, TLS and answer are all tried anew."""
        if self._credentials is None:
            raise NotBound
        portal = self._portal_at(self._credentials.url, client_context(self._credentials))
        try:
            return await portal.ask("GET", "/device", into=DeviceStatus)
        finally:
            await portal.close()

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
        if self._audit_key is None:
            self._audit_key = await load_audit_key(self._store)
        headers = {HEADER_KEY: key, HEADER_AUDIT_HEAD: await signed_head(self._store, self._audit_key)}
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

    async def datasets(self) -> tuple[DataSetInfo, ...]:
        return (await self._bound().ask("GET", "/datasets", into=DataSetManifest)).datasets

    async def download_dataset(self, info: DataSetInfo, target: Path) -> None:
        part = target.with_suffix(".part")
        have = part.stat().st_size if part.exists() else 0
        if have < info.size_bytes:
            with part.open("ab") as file:
                path = f"/datasets/{info.name}/{info.version}"
                await self._bound().fetch(path, offset=have, sink=file.write)
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
        if self._portal is None:
            raise NotBound
        return self._portal

    async def _use(self, credentials: Credentials) -> None:
        if self._portal is not None:
            await self._portal.close()
        self._credentials = credentials
        self._portal = self._portal_at(credentials.url, client_context(credentials))

    def _portal_at(self, url: str, context: ssl.SSLContext) -> Portal:
        return Portal(
            url,
            context,
            monotonic=self._monotonic,
            connect=self._connect,
            way=self._way,
            answer_timeout_s=self._answer_timeout_s,
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
