"""Marks in exports that were made in training: whoever opens one sees it, and no program takes it for a real one.

Each breaks its form's own layout, but FHIR, which has a standard label for data of tests (HL7 v3 ActReason ``HTEST``).
"""

from __future__ import annotations

import json
from typing import Final

MARK: Final = "訓練"
_HTEST: Final = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
    "code": "HTEST",
    "display": "test health data",
}


def mark_scheme(file: bytes) -> bytes:
    """The list becomes a member of an object that says what it is."""
    marked = {MARK: json.loads(file.decode("big5"))}
    return json.dumps(marked, ensure_ascii=False, indent=1).encode("big5")


def mark_claim(file: bytes) -> bytes:
    """A comment after the XML declaration, which this form does not allow."""
    declaration, end, rest = file.partition(b"?>")
    return declaration + end + f"<!-- {MARK} -->".encode("big5") + rest


def mark_bundle(file: bytes) -> bytes:
    """A security label on the Bundle, as FHIR has it for data of tests."""
    bundle = json.loads(file)
    marked = {**bundle, "meta": {"security": [_HTEST], "tag": [{"display": MARK}]}}
    return json.dumps(marked, ensure_ascii=False, indent=1).encode()


def mark_table(file: bytes) -> bytes:
    """A line before the columns' names."""
    return f"{MARK}\r\n{file.decode('utf-8-sig')}".encode("utf-8-sig")
