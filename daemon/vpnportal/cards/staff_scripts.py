"""Signing in with a health-professional card: PIN checked by the card, challenge signed by the card.

One script, four commands: a wrong card stops at the first, a wrong PIN at the third. The PIN itself is put in by the
box and never comes here; neither does the command that carries it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from visitbridge.domain.people import StaffKind
from visitbridge.errors import CardError, CardRealmMixed
from visitbridge.protocols.apdu import Response
from visitbridge.protocols.datacentre.cards import BatchAnswers, Script, ScriptStep
from visitbridge.protocols.datacentre.common import ProblemCode
from visitbridge.protocols.nhi.hpc import (
    CHALLENGE_LENGTH,
    PIN_TEMPLATE,
    READ_HOLDER,
    SELECT_HPC,
    SIGNATURE_LENGTH,
    decode_holder,
    internal_authenticate,
    signed_message,
)
from visitbridge.protocols.nhi.testkeys import published_hpc_key
from vpnportal.cards import words
from vpnportal.cards.dialogue import check_complete
from vpnportal.problems import malformed, refuse

_DEADLINE_S = 20.0
_SELECT, _HOLDER, _VERIFY, _SIGN = range(4)


class SignIn(msgspec.Struct, frozen=True):
    """A sign-in that waits for the card's answers."""

    batch_id: str
    challenge: bytes


class HolderIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """Whose HPC it was, proven by PIN and signature."""

    hpc_no: str
    name: str
    kind: StaffKind


class StaffScripts:
    def __init__(self, *, random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._random_bytes = random_bytes

    def begin(self) -> tuple[SignIn, Script]:
        """A fresh challenge and the script to run on the HPC."""
        sign_in = SignIn(
            batch_id=self._random_bytes(16).hex(), challenge=self._random_bytes(CHALLENGE_LENGTH)
        )
        steps = (
            _step(SELECT_HPC, "select the HPC application"),
            _step(READ_HOLDER, "read holder"),
            ScriptStep(apdu=PIN_TEMPLATE.hex().upper(), label="verify PIN", pin=True),
            _step(internal_authenticate(sign_in.challenge).encode(), "sign the challenge"),
        )
        return sign_in, Script(
            batch_id=sign_in.batch_id, phase="verify_pin", steps=steps, deadline_s=_DEADLINE_S
        )

    def finish(self, sign_in: SignIn, answers: BatchAnswers) -> HolderIdentity:
        """Check the card's answers.

        Raises Refusal: batch_mismatch, malformed, 4034 not an HPC or
        not its signature, 4042 wrong PIN with ``tries_left``, 5122
        locked, 9203 a production
        card.
        """
        if answers.batch_id != sign_in.batch_id:
            raise refuse(
                409, ProblemCode.BATCH_MISMATCH, title="not the batch of this sign-in", retry="later"
            )
        responses = _responses(answers)
        check_complete(responses, 4)
        self._check_status(responses)
        try:
            holder = decode_holder(responses[_HOLDER].data)
            public = published_hpc_key(holder.hpc_no).public_key()
        except CardRealmMixed as exc:
            raise words.insurer_refusal(words.REALMS_MIXED, exc.detail) from exc
        except CardError as exc:
            raise words.insurer_refusal(words.NOT_AN_HPC, exc.detail) from exc
        message = signed_message(holder.hpc_no, sign_in.challenge)
        if not _is_signed(public, responses[_SIGN].data, message):
            raise words.insurer_refusal(words.NOT_AN_HPC, "the signature is not this HPC's", status=403)
        return HolderIdentity(hpc_no=holder.hpc_no, name=holder.name, kind=holder.kind)

    def _check_status(self, responses: tuple[Response, ...]) -> None:
        if not responses[_SELECT].is_ok:
            raise words.insurer_refusal(words.NOT_AN_HPC, f"SELECT was answered {responses[_SELECT].sw_hex}")
        last = responses[-1]
        if len(responses) > _VERIFY and not responses[_VERIFY].is_ok:
            refusal = words.pin_refused(responses[_VERIFY])
            if refusal is not None:
                raise refusal
        if not all(response.is_ok for response in responses):
            raise words.insurer_refusal(
                words.HPC_PIN_NOT_VERIFIED, f"the HPC answered {last.sw_hex}", status=403, retry="later"
            )


def _step(apdu: bytes, label: str) -> ScriptStep:
    return ScriptStep(apdu=apdu.hex().upper(), label=label)


def _responses(answers: BatchAnswers) -> tuple[Response, ...]:
    try:
        return tuple(Response.decode(bytes.fromhex(answer)) for answer in answers.answers)
    except CardError as exc:
        raise malformed(exc.detail, field="answers") from exc


def _is_signed(public: ec.EllipticCurvePublicKey, signature: bytes, message: bytes) -> bool:
    if len(signature) != SIGNATURE_LENGTH:
        return False
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        public.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True
