"""The support bundle's file: one key opens it; its shape has no place for anything about people."""

from __future__ import annotations

import datetime as dt
import inspect
import typing

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from visitbridge.errors import FieldInvalid
from visitbridge.protocols.sealing import Envelope
from visitbridge.protocols.support import (
    ENVELOPE,
    BoxFacts,
    StateFacts,
    SupportBundle,
    open_bundle,
    seal_bundle,
)

KEY = X25519PrivateKey.generate()
AT = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
BUNDLE = SupportBundle(
    made_at=AT,
    box=BoxFacts(
        sheet_id="s",
        version="0",
        python="3",
        system="Linux",
        machine="x86_64",
        bound=True,
        enabled=True,
        starts_locked=False,
    ),
    state=StateFacts(
        link="good",
        hop="",
        time_trust="rtc",
        queue_depth=0,
        attention=0,
        oldest_at=None,
        rescued_at=None,
        audit_rows=7,
    ),
    settings={"link.down_failures": 3},
    checks=(),
    readers=(),
    jobs=(),
    links=(),
    logs=(),
)
FREE_TEXT = ("name", "patient", "card_no", "id_no", "phone", "words", "detail", "message", "path", "content")


def test_what_was_sealed_is_read_again() -> None:
    assert open_bundle(seal_bundle(BUNDLE, KEY.public_key()), KEY) == BUNDLE


@given(st.integers(0, 400), st.integers(1, 255))
def test_no_changed_byte_goes_unnoticed(place: int, change: int) -> None:
    file = bytearray(seal_bundle(BUNDLE, KEY.public_key()))
    file[place % len(file)] ^= change

    with pytest.raises(FieldInvalid) as refused:
        open_bundle(bytes(file), KEY)
    assert refused.value.field == "file"


def test_another_key_and_another_purpose_do_not_open_it() -> None:
    file = seal_bundle(BUNDLE, KEY.public_key())
    other = Envelope(magic=ENVELOPE.magic, purpose=b"something else")

    with pytest.raises(FieldInvalid):
        open_bundle(file, X25519PrivateKey.generate())
    with pytest.raises(FieldInvalid):
        other.unseal(file, KEY)


def test_nothing_can_be_read_without_the_key() -> None:
    assert b"Linux" not in seal_bundle(BUNDLE, KEY.public_key())


def test_no_field_could_hold_what_a_person_is_called_or_wrote() -> None:
    fields = set(_names(SupportBundle))

    assert {"sheet_id", "text", "codes"} <= fields
    assert fields & set(FREE_TEXT) == set()


def _names(kind: type[msgspec.Struct]) -> list[str]:
    names: list[str] = []
    for name, hint in typing.get_type_hints(kind).items():
        if name.startswith("__"):
            continue
        names.append(name)
        for inner in (hint, *typing.get_args(hint)):
            if inspect.isclass(inner) and issubclass(inner, msgspec.Struct):
                names += _names(inner)
    return names
