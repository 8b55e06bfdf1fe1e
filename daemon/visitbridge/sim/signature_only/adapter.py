"""``ports.DataCentre`` over a :class:`SignatureService`, with a switchable line between the two."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path

from visitbridge.domain.people import Institution
from visitbridge.errors import (
    BindRefused,
    BoundElsewhere,
    LinkDown,
    NotBound,
    Rejected,
    ReplyLost,
    SamNotVerified,
)
from visitbridge.ports.datacentre import Contact, HandoffRefusal
from visitbridge.protocols.datacentre.cards import BatchAnswers, OpenCardSession, SessionStep
from visitbridge.protocols.datacentre.common import Receipt, ReceiptStatus
from visitbridge.protocols.datacentre.device import (
    BindAnswer,
    BindTicket,
    DeviceInfo,
    DeviceStatus,
    SamRecord,
    SamVerification,
)
from visitbridge.protocols.datacentre.records import (
    BatchAnswer,
    BatchLine,
    ConsentedQuery,
    RecordsAnswer,
    RecordsQuery,
)
from visitbridge.protocols.datacentre.uploads import (
    DataSetInfo,
    DataSetManifest,
    Eligibility,
    EligibilityRequest,
    UploadKind,
)
from visitbridge.sim.signature_only.service import Open, SignatureService

GROUPS = ("default", "night")
"""Of data sets, all of them empty."""

INSTITUTION = Institution(code="3501200000", name="測試居家診所")


class SignatureOnlyDataCentre:
    """``pin``: the registration number that binding accepts.

    ``line``: ``up``, ``down`` (nothing is sent) or ``deaf`` (acts, and the answer is lost).
    """

    def __init__(
        self, service: SignatureService, *, monotonic: Callable[[], float], pin: str = "0219"
    ) -> None:
        self._service = service
        self._monotonic = monotonic
        self._pin = pin
        self._bound = False
        self._group = "default"
        self._sam_verified = False
        self._sessions: dict[str, Open] = {}
        self._contact: Contact | None = None
        self.line = "up"

    @property
    def contact(self) -> Contact | None:
        return self._contact

    @property
    def is_bound(self) -> bool:
        return self._bound

    def believes(self, receipt: Receipt) -> bool:
        return receipt.signature == getattr(self._service.receipts.get(receipt.key), "signature", None)

    async def bind(
        self, ticket: BindTicket, pin: str, device: DeviceInfo, *, bound_to: str = ""
    ) -> BindAnswer:
        self._reach(bound=False)
        if pin != self._pin:
            raise BindRefused(params={"tries_left": 2})
        if bound_to not in ("", INSTITUTION.code):
            raise BoundElsewhere("this service knows one institution")
        self._bound = True
        return BindAnswer(
            certificate_pem="",
            institution=INSTITUTION,
            sam=self._sam(),
            dataset_group=self._group,
            receipt_key_hex=self._service.receipt_key_hex,
        )

    async def device_status(self) -> DeviceStatus:
        self._reach()
        return DeviceStatus(enabled=True, sam=self._sam())

    async def verify_sam(self) -> SamVerification:
        self._reach()
        self._sam_verified = True
        now = self._service.now()
        return SamVerification(
            sam_id=self._sam().sam_id, verified_at=now, valid_until=now + dt.timedelta(hours=24)
        )

    async def open_staff_session(self) -> SessionStep:
        self._reach(sam=True)
        session, script = self._service.staff_script()
        return SessionStep(session_id=self._keep(session), script=script)

    async def answer_staff(self, session_id: str, answers: BatchAnswers) -> SessionStep:
        self._reach(sam=True)
        token = self._service.staff_token(self._sessions[session_id], answers)
        return SessionStep(session_id=session_id, staff=token)

    async def end_staff_session(self, token: str) -> None:
        self._reach()
        self._service.forget_token(token)

    async def open_card_session(self, request: OpenCardSession) -> SessionStep:
        self._reach(sam=True)
        session, script = self._service.card_script(request)
        return SessionStep(session_id=self._keep(session), script=script)

    async def answer_card(self, session_id: str, answers: BatchAnswers) -> SessionStep:
        self._reach(sam=True)
        result = self._service.card_result(self._sessions[session_id], answers)
        self._answered()
        return SessionStep(session_id=session_id, card=result)

    async def end_card_session(self, session_id: str) -> None:
        self._reach()
        self._sessions.pop(session_id, None)

    async def send(self, kind: UploadKind, key: str, body: bytes) -> Receipt:
        self._reach(sam=True)
        receipt = self._service.store(kind, key, body, {})
        self._answered()
        return receipt

    async def receipt(self, key: str) -> ReceiptStatus:
        self._reach()
        receipt = self._service.receipts.get(key)
        return ReceiptStatus(state="receipt" if receipt else "unknown_key", receipt=receipt)

    async def missing_receipts(self, keys: Sequence[str]) -> tuple[str, ...]:
        self._reach()
        return tuple(key for key in keys if key not in self._service.receipts)

    async def handoff_refusals(self, keys: Sequence[str]) -> tuple[HandoffRefusal, ...]:
        """No file is taken in here."""
        self._reach()
        return ()

    async def datasets(self) -> DataSetManifest:
        self._reach()
        return DataSetManifest(datasets=(), group=self._group, groups=GROUPS)

    async def choose_dataset_group(self, group: str) -> DataSetManifest:
        self._reach()
        if group not in GROUPS:
            raise Rejected("no such group", words="沒有這個資料組", field="group")
        self._group = group
        return await self.datasets()

    async def download_dataset(self, info: DataSetInfo, target: Path) -> None:
        self._reach()
        raise NotBound(f"this service has no data set {info.name}")

    async def eligibility(self, request: EligibilityRequest) -> Eligibility:
        self._reach(sam=True)
        return Eligibility(insured=True, on_home_care_list=True, checked_at=self._service.now())

    async def query_records(self, staff_token: str, query: RecordsQuery) -> RecordsAnswer:
        self._reach(sam=True)
        self._service.require_token(staff_token)
        return RecordsAnswer(
            records=self._service.records_of(query.id_no, query.kinds), as_of=self._service.now()
        )

    async def fetch_consented(self, staff_token: str, queries: Sequence[ConsentedQuery]) -> BatchAnswer:
        self._reach(sam=True)
        self._service.require_token(staff_token)
        lines = (
            BatchLine(consent=query.consent, records=self._service.records_of(query.id_no, query.kinds))
            for query in queries
        )
        return BatchAnswer(lines=tuple(lines), as_of=self._service.now())

    def _reach(self, *, bound: bool = True, sam: bool = False) -> None:
        if bound and not self._bound:
            raise NotBound
        if self.line == "down":
            raise LinkDown
        if sam and not self._sam_verified:
            raise SamNotVerified
        self._contact = Contact(
            epoch=self._service.epoch, time=self._service.now(), monotonic_s=self._monotonic()
        )

    def _answered(self) -> None:
        if self.line == "deaf":
            raise ReplyLost

    def _keep(self, session: Open) -> str:
        session_id = secrets.token_hex(8)
        self._sessions[session_id] = session
        return session_id

    def _sam(self) -> SamRecord:
        today = self._service.now().date()
        return SamRecord(
            sam_id="SAMTEST00001",
            valid_from=today.replace(day=1),
            valid_until=today + dt.timedelta(days=365),
        )
