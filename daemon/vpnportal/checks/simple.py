"""Checks of uploads that are only stored: 認卡結果 (N08) and deliveries (P09)."""

from __future__ import annotations

import msgspec

from visitbridge.protocols.datacentre.uploads import Recognition
from vpnportal.checks import CLOCK_TOLERANCE, ID_LENGTH, RecordNote, Situation, Verdict
from vpnportal.checks.codes import finding
from vpnportal.wire import decode


def check_recognition(body: bytes, situation: Situation) -> Verdict:
    """Judge the body of ``POST /recognitions``. Raises Refusal malformed."""
    recognition = decode(body, Recognition)
    findings = []
    if not 1 <= len(recognition.visit_id) <= ID_LENGTH:
        findings.append(finding("AC", "visit_id"))
    if not (
        len(recognition.card_no) == 12 and recognition.card_no.isascii() and recognition.card_no.isdigit()
    ):
        findings.append(finding("AB", "card_no"))
    if recognition.recognised_at.tzinfo is None:
        findings.append(finding("AB", "recognised_at"))
    elif recognition.recognised_at > situation.now + CLOCK_TOLERANCE:
        findings.append(finding("BD", "recognised_at"))
    return Verdict(
        findings=tuple(findings), records=(RecordNote(key=recognition.visit_id, field="visit_id"),)
    )


def check_delivery(body: bytes, _: Situation) -> Verdict:
    """Deliveries are only kept for now: any JSON object is taken. Raises Refusal malformed."""
    decode(body, dict[str, msgspec.Raw])
    return Verdict(findings=())
