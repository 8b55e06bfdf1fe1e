"""The hand-off file: readable with one key, and not at all once a byte is changed."""

from __future__ import annotations

import base64
import datetime as dt

import msgspec
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from visitbridge.errors import FieldInvalid
from visitbridge.protocols.datacentre.handoff import Handoff, HandoffItem, is_signed, public_key, seal, unseal
from visitbridge.protocols.datacentre.uploads import UploadKind

BOX = ec.derive_private_key(7, ec.SECP256R1())
KEY = X25519PrivateKey.from_private_bytes(bytes(range(32)))
HANDOFF = Handoff(
    handoff_id="h-1",
    institution="9999999995",
    sheet_id="11111111-1111-4111-8111-111111111111",
    made_at=dt.datetime(2026, 11, 22, 1, tzinfo=dt.UTC),
    items=(HandoffItem(kind=UploadKind.VISIT, key="k-1", body=b"{}"),),
)


def sign(data: bytes) -> bytes:
    return BOX.sign(data, ec.ECDSA(hashes.SHA256()))


@given(st.binary(max_size=200), st.sampled_from(UploadKind))
def test_what_was_sealed_is_read_again(body: bytes, kind: UploadKind) -> None:
    handoff = msgspec.structs.replace(HANDOFF, items=(HandoffItem(kind=kind, key="k", body=body),))

    assert unseal(seal(handoff, KEY.public_key(), sign), KEY).handoff == handoff


def test_the_layout_is_the_documented_one() -> None:
    file = seal(HANDOFF, KEY.public_key(), sign)
    sender, nonce, cipher = file[8:40], file[40:52], file[52:]
    own = KEY.public_key().public_bytes_raw()
    secret = KEY.exchange(X25519PublicKey.from_public_bytes(sender))
    key = HKDF(hashes.SHA256(), 32, salt=sender + own, info=b"visitbridge hand-off 1").derive(secret)

    plain = AESGCM(key).decrypt(nonce, cipher, file[:52] + own)
    assert file.startswith(b"VBHAND1\n")
    letter = msgspec.json.decode(plain)
    content = base64.b64decode(letter["content"])
    BOX.public_key().verify(
        base64.b64decode(letter["signature"]),
        b"visitbridge hand-off 1\n" + own + content,
        ec.ECDSA(hashes.SHA256()),
    )
    assert msgspec.json.decode(content)["items"] == [{"kind": "visit", "key": "k-1", "body": "e30="}]


def test_only_the_key_that_signed_fits() -> None:
    opened = unseal(seal(HANDOFF, KEY.public_key(), sign), KEY)
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    changed = msgspec.structs.replace(opened, signed=opened.signed + b" ")

    assert is_signed(opened, (other, BOX.public_key()))
    assert not is_signed(opened, (other,))
    assert not is_signed(changed, (BOX.public_key(),))
    assert not is_signed(opened, ())


def test_no_two_files_are_alike() -> None:
    assert seal(HANDOFF, KEY.public_key(), sign)[8:40] != seal(HANDOFF, KEY.public_key(), sign)[8:40]


# Made once: how long a file is depends on its signature, and what hypothesis draws may not depend on chance.
SEALED = seal(HANDOFF, KEY.public_key(), sign)


@given(at=st.integers(0, len(SEALED) - 1), change=st.integers(1, 255))
def test_a_changed_byte_or_a_cut_is_noticed(at: int, change: int) -> None:
    changed = bytearray(SEALED)
    changed[at] ^= change

    for damaged in (bytes(changed), SEALED[:at]):
        with pytest.raises(FieldInvalid) as caught:
            unseal(damaged, KEY)
        assert caught.value.field == "file"


def test_another_key_reads_nothing() -> None:
    with pytest.raises(FieldInvalid):
        unseal(seal(HANDOFF, KEY.public_key(), sign), X25519PrivateKey.generate())


@pytest.mark.parametrize("text", ["", "00", "zz" * 32])
def test_a_key_that_is_none_is_named(text: str) -> None:
    with pytest.raises(FieldInvalid) as caught:
        public_key(text)

    assert caught.value.field == "handoff_key"
