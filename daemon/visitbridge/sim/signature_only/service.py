"""The other side: records, receipts and card proofs in memory."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from visitbridge.domain.people import BasicRecord, Right
from visitbridge.domain.records import RecordKind
from visitbridge.errors import CardRefused, KeyConflict, Rejected, StaffTokenRefused, WrongCard
from visitbridge.protocols.apdu import Response
from visitbridge.protocols.datacentre.cards import (
    BatchAnswers,
    CardContents,
    CardRecordState,
    CardResult,
    CardVisit,
    OpenCardSession,
    Script,
    ScriptStep,
    StaffToken,
    WriteIntent,
)
from visitbridge.protocols.datacentre.common import Receipt, digest_of
from visitbridge.protocols.datacentre.records import CloudRecord
from visitbridge.protocols.nhi.basic import READ_BASIC, SELECT_NHI, decode_basic
from visitbridge.protocols.nhi.hpc import (
    PIN_TEMPLATE,
    READ_HOLDER,
    SELECT_HPC,
    SIGNATURE_LENGTH,
    decode_holder,
    internal_authenticate,
    signed_message,
)
from visitbridge.protocols.nhi.testkeys import published_card_keys, published_hpc_key
from visitbridge.protocols.scp03 import HostChannel, InitializeUpdate, initialize_update

_RIGHTS = (Right.VISITS, Right.SETTINGS)
_STAFF_HOURS = 8


class Open(msgspec.Struct):
    """A session under way: what was asked and the challenge that the card has to answer."""

    batch_id: str
    challenge: bytes
    request: OpenCardSession | None = None


class SignatureService:
    """``now``: this side's clock. Everything lives as long as the object."""

    def __init__(self, *, now: Callable[[], dt.datetime], epoch: str = "memory-1") -> None:
        self.now = now
        self.epoch = epoch
        self.receipts: dict[str, Receipt] = {}
        self.bodies: dict[str, bytes] = {}
        self.visits: dict[tuple[str, str, str], CardVisit] = {}
        self.prescriptions: set[tuple[str, str, str]] = set()
        self.records: dict[str, tuple[CloudRecord, ...]] = {}
        self._signer = Ed25519PrivateKey.generate()
        self._tokens: dict[str, StaffToken] = {}

    @property
    def receipt_key_hex(self) -> str:
        return self._signer.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()

    def staff_script(self) -> tuple[Open, Script]:
        session = Open(batch_id=secrets.token_hex(8), challenge=secrets.token_bytes(32))
        steps = (
            ScriptStep(apdu=_hex(SELECT_HPC), label="select"),
            ScriptStep(apdu=_hex(READ_HOLDER), label="holder"),
            ScriptStep(apdu=_hex(PIN_TEMPLATE), label="pin", pin=True),
            ScriptStep(apdu=_hex(internal_authenticate(session.challenge).encode()), label="sign"),
        )
        return session, Script(batch_id=session.batch_id, phase="sign", steps=steps, deadline_s=10)

    def staff_token(self, session: Open, answers: BatchAnswers) -> StaffToken:
        """Raises CardRefused unless the holder's card signed this session's challenge."""
        if answers.stopped_at is not None or answers.batch_id != session.batch_id:
            raise CardRefused(params={"sw": answers.answers[-1][-4:]})
        holder = decode_holder(_data(answers.answers[1]))
        signature = _data(answers.answers[3])
        middle = SIGNATURE_LENGTH // 2
        der = encode_dss_signature(
            int.from_bytes(signature[:middle], "big"), int.from_bytes(signature[middle:], "big")
        )
        try:
            published_hpc_key(holder.hpc_no).public_key().verify(
                der, signed_message(holder.hpc_no, session.challenge), ec.ECDSA(hashes.SHA256())
            )
        except InvalidSignature as exc:
            raise CardRefused("signature") from exc
        token = StaffToken(
            token=secrets.token_urlsafe(16),
            staff_id=holder.hpc_no,
            name=holder.name,
            kind=holder.kind,
            rights=_RIGHTS,
            valid_until=self.now() + dt.timedelta(hours=_STAFF_HOURS),
        )
        self._tokens[token.token] = token
        return token

    def forget_token(self, token: str) -> None:
        self._tokens.pop(token, None)

    def require_token(self, token: str) -> None:
        """Raises StaffTokenRefused."""
        if token not in self._tokens:
            raise StaffTokenRefused

    def records_of(self, id_no: str, kinds: tuple[RecordKind, ...]) -> tuple[CloudRecord, ...]:
        """``records`` of a person; all of them when no kind is named."""
        return tuple(record for record in self.records.get(id_no, ()) if not kinds or record.kind in kinds)

    def card_script(self, request: OpenCardSession) -> tuple[Open, Script]:
        """One batch: who are you, and prove it. Raises StaffTokenRefused."""
        self.require_token(request.staff_token)
        session = Open(batch_id=secrets.token_hex(8), challenge=secrets.token_bytes(8), request=request)
        steps = (
            ScriptStep(apdu=_hex(SELECT_NHI), label="select"),
            ScriptStep(apdu=_hex(READ_BASIC), label="basic"),
            ScriptStep(apdu=_hex(initialize_update(session.challenge).encode()), label="prove"),
        )
        return session, Script(batch_id=session.batch_id, phase="authenticate", steps=steps, deadline_s=10)

    def card_result(self, session: Open, answers: BatchAnswers) -> CardResult:
        """Check the proof, then act in this service's own records. Raises CardRefused, WrongCard."""
        if answers.stopped_at is not None or answers.batch_id != session.batch_id:
            raise CardRefused(params={"sw": answers.answers[-1][-4:]})
        basic = decode_basic(_data(answers.answers[1]))
        self._check_proof(basic.card_no, session.challenge, _data(answers.answers[2]))
        request = session.request
        if request is None or request.intent is None:
            return CardResult(contents=self._contents(basic))
        if request.intent.card_no != basic.card_no:
            raise WrongCard
        return self._act(request, request.intent)

    def store(self, kind: str, key: str, body: bytes, insurer: dict[str, str]) -> Receipt:
        """One effect per key. Raises KeyConflict for another body, Rejected for an empty one."""
        if not body:
            raise Rejected("empty", insurer_code="01", words="資料型態檢核錯誤", field="body")
        known = self.receipts.get(key)
        if known is not None:
            if known.digest != digest_of(body):
                raise KeyConflict
            return known
        bare = Receipt(
            key=key,
            kind=kind,
            digest=digest_of(body),
            epoch=self.epoch,
            accepted_at=self.now(),
            insurer=insurer,
        )
        receipt = msgspec.structs.replace(bare, signature=self._signer.sign(bare.signed_bytes()).hex())
        self.receipts[key] = receipt
        self.bodies[key] = body
        return receipt

    def _act(self, request: OpenCardSession, intent: WriteIntent) -> CardResult:
        place = (intent.card_no, intent.visit_time, intent.institution)
        body = msgspec.json.encode(intent, order="sorted")
        receipt: Receipt | None = None
        if request.purpose in {"write_visit", "repair"}:
            visit = self.visits.setdefault(place, self._next_visit(intent))
            receipt = self.store("card_visit", intent.key, body, {"sequence_no": visit.sequence_no})
        elif request.purpose == "write_prescription":
            self.prescriptions.add(place)
            receipt = self.store("card_prescription", intent.key, body, {})
        else:
            receipt = self.receipts.get(intent.key)
        known = self.visits.get(place)
        record = CardRecordState(
            visit="closed" if known else "absent",
            orders="closed" if place in self.prescriptions else "absent",
            sequence_no=known.sequence_no if known else "",
        )
        return CardResult(record=record, receipt=receipt)

    def _next_visit(self, intent: WriteIntent) -> CardVisit:
        count = sum(1 for card_no, _, _ in self.visits if card_no == intent.card_no)
        return CardVisit(
            visit_type=intent.visit_type,
            visit_time=intent.visit_time,
            sequence_no=f"{count + 1:04d}",
            institution=intent.institution,
            make_up=intent.make_up,
        )

    def _contents(self, basic: BasicRecord) -> CardContents:
        visits = tuple(visit for (card_no, _, _), visit in self.visits.items() if card_no == basic.card_no)
        return CardContents(
            basic=basic,
            insured=True,
            uses_left=6,
            valid_until=self.now().date() + dt.timedelta(days=365),
            visits=visits,
        )

    @staticmethod
    def _check_proof(card_no: str, challenge: bytes, answer: bytes) -> None:
        HostChannel(published_card_keys(card_no), challenge, InitializeUpdate.decode(answer))


def _hex(raw: bytes) -> str:
    return raw.hex().upper()


def _data(answer: str) -> bytes:
    return Response.decode(bytes.fromhex(answer)).data
