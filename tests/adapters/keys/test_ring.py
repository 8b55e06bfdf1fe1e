"""The key ring: several ways to one key, none without the machine's, and nothing once it is gone."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from visitbridge.adapters.keys import RING_FILES, KeyRing, open_ring
from visitbridge.errors import FieldInvalid, StoreKeyWrong, UnlockRefused

MACHINE = bytes(range(32))
PHRASE = "正確的馬電池 staple 九"
SIGNATURE = bytes(64)


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    made, _ = open_ring(tmp_path, MACHINE, has_store=False)
    return made


def key_of(ring: KeyRing) -> bytes:
    key = ring.open_by_machine()
    assert key is not None
    return key


def test_the_first_start_makes_a_ring_that_the_machine_opens_from_then_on(tmp_path: Path) -> None:
    _, made = open_ring(tmp_path, MACHINE, has_store=False)
    _, again = open_ring(tmp_path, MACHINE, has_store=True)

    assert made is not None
    assert (len(made), again) == (32, made)
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in RING_FILES] == [0o600, 0o600]


def test_two_rings_of_one_machine_do_not_share_a_key(tmp_path: Path) -> None:
    keys = {open_ring(tmp_path / name, MACHINE, has_store=False)[1] for name in _folders(tmp_path)}

    assert len(keys) == 2


def _folders(tmp_path: Path) -> tuple[str, ...]:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    return ("a", "b")


def test_another_machine_does_not_open_it(ring: KeyRing, tmp_path: Path) -> None:
    with pytest.raises(StoreKeyWrong):
        open_ring(tmp_path, bytes(32), has_store=True)


def test_nothing_in_the_ring_is_the_key(ring: KeyRing, tmp_path: Path) -> None:
    key = key_of(ring)
    content = b"".join((tmp_path / name).read_bytes() for name in RING_FILES)

    assert key not in content
    assert key.hex().encode() not in content
    assert MACHINE not in content


def test_a_locked_ring_opens_by_its_phrase_and_not_by_the_machine(ring: KeyRing, tmp_path: Path) -> None:
    key = key_of(ring)
    ring.lock(key, PHRASE)
    again, opened = open_ring(tmp_path, MACHINE, has_store=True)

    assert (opened, sorted(again.ways)) == (None, ["phrase"])
    assert again.open_by_phrase(PHRASE) == key


def test_a_phrase_is_the_same_however_the_keyboard_composes_it(ring: KeyRing) -> None:
    key = key_of(ring)
    ring.lock(key, "caf\u00e9 au lait noir")

    assert ring.open_by_phrase("cafe\u0301 au lait noir") == key


@pytest.mark.parametrize("wrong", ["", PHRASE + " ", PHRASE.upper(), "another phrase of words"])
def test_another_phrase_does_not_open_it(ring: KeyRing, wrong: str) -> None:
    ring.lock(key_of(ring), PHRASE)

    with pytest.raises(UnlockRefused):
        ring.open_by_phrase(wrong)


def test_the_phrase_alone_is_worth_nothing_without_the_machine(ring: KeyRing, tmp_path: Path) -> None:
    ring.lock(key_of(ring), PHRASE)

    with pytest.raises(UnlockRefused):
        KeyRing(tmp_path, bytes(32)).open_by_phrase(PHRASE)


@pytest.mark.parametrize(
    "phrase",
    [
        "short",
        "abcdefghijk",
        "ab" * 65,
        "VisitBridge-123",
        "居家護理所健保通行片語一二三",
        "a" * 20,
        "password12345678pw",
    ],
)
def test_a_phrase_that_is_short_long_or_easy_changes_nothing(ring: KeyRing, phrase: str) -> None:
    with pytest.raises(FieldInvalid) as refused:
        ring.lock(key_of(ring), phrase)

    assert refused.value.field == "phrase"
    assert ring.ways == {"machine"}


def test_cards_open_it_beside_the_phrase_until_they_are_forgotten(ring: KeyRing) -> None:
    key = key_of(ring)
    ring.lock(key, PHRASE)
    ring.add_card(key, SIGNATURE)
    ring.add_card(key, b"\x01" * 64)
    opened = {ring.open_by_card(SIGNATURE), ring.open_by_card(b"\x01" * 64)}
    ring.forget_cards()

    assert opened == {key}
    with pytest.raises(UnlockRefused):
        ring.open_by_card(SIGNATURE)
    assert ring.open_by_phrase(PHRASE) == key


def test_a_new_phrase_ends_the_old_one(ring: KeyRing) -> None:
    key = key_of(ring)
    ring.lock(key, PHRASE)
    ring.lock(key, "another phrase of words")

    with pytest.raises(UnlockRefused):
        ring.open_by_phrase(PHRASE)


def test_given_back_to_the_machine_phrase_and_cards_are_forgotten(ring: KeyRing) -> None:
    key = key_of(ring)
    ring.lock(key, PHRASE)
    ring.add_card(key, SIGNATURE)
    ring.let_machine_open(key)

    assert (sorted(ring.ways), ring.open_by_machine()) == (["machine"], key)


@pytest.mark.parametrize("name", RING_FILES)
@pytest.mark.parametrize(
    "spoil", [lambda path: path.unlink(), lambda path: path.write_bytes(b"\x00" * 10)], ids=["gone", "torn"]
)
def test_one_of_the_two_files_is_enough(
    ring: KeyRing, tmp_path: Path, name: str, spoil: Callable[[Path], None]
) -> None:
    key = key_of(ring)
    spoil(tmp_path / name)

    assert KeyRing(tmp_path, MACHINE).open_by_machine() == key


def test_a_store_whose_ring_is_lost_gets_no_new_one(ring: KeyRing, tmp_path: Path) -> None:
    for name in RING_FILES:
        (tmp_path / name).unlink()

    with pytest.raises(StoreKeyWrong):
        open_ring(tmp_path, MACHINE, has_store=True)
    assert not any((tmp_path / name).exists() for name in RING_FILES)


def test_a_cut_while_the_lock_was_set_leaves_no_slot_of_the_machine(ring: KeyRing, tmp_path: Path) -> None:
    """The first file was written, the copy not yet: the copy's old slot is gone after the next start."""
    before = (tmp_path / RING_FILES[1]).read_bytes()
    ring.lock(key_of(ring), PHRASE)
    (tmp_path / RING_FILES[1]).write_bytes(before)
    _, opened = open_ring(tmp_path, MACHINE, has_store=True)
    first, second = ((tmp_path / name).read_bytes() for name in RING_FILES)

    assert opened is None
    assert first == second
    assert b'"machine"' not in second


def test_a_file_that_was_lost_is_written_again(ring: KeyRing, tmp_path: Path) -> None:
    (tmp_path / RING_FILES[0]).unlink()
    open_ring(tmp_path, MACHINE, has_store=True)

    assert (tmp_path / RING_FILES[0]).read_bytes() == (tmp_path / RING_FILES[1]).read_bytes()


def _old_ring(folder: Path, key: bytes) -> None:
    """A ring as the first program wrote it: scrypt with N = 2^16, its cost not told (RFC 7914, RFC 5869)."""
    salt, nonce = bytes(32), bytes(12)
    stretched = hashlib.scrypt(PHRASE.encode(), salt=salt, n=2**16, r=8, p=1, maxmem=2**27, dklen=32)
    wrapping = HKDF(SHA256(), 32, salt, b"visitbridge key ring 1 phrase").derive(MACHINE + stretched)
    sealed = nonce + AESGCM(wrapping).encrypt(nonce, key, b"phrase")
    slot = {"way": "phrase", "salt": b64encode(salt).decode(), "sealed": b64encode(sealed).decode()}
    ring = {"version": 1, "challenge": b64encode(bytes(32)).decode(), "slots": [slot]}
    for name in RING_FILES:
        (folder / name).write_text(json.dumps(ring), "ascii")


def _costs(folder: Path) -> set[int]:
    rings = [json.loads((folder / name).read_text("ascii")) for name in RING_FILES]
    return {slot.get("cost", 2**16) for ring in rings for slot in ring["slots"]}


def test_V11_4_4_a_pass_phrase_costs_what_is_asked_for(ring: KeyRing, tmp_path: Path) -> None:
    ring.lock(key_of(ring), PHRASE)

    assert _costs(tmp_path) == {2**17}


def test_a_ring_of_a_lower_cost_opens_and_is_made_anew(tmp_path: Path) -> None:
    key = bytes(range(100, 132))
    _old_ring(tmp_path, key)
    old, _ = open_ring(tmp_path, MACHINE, has_store=True)

    with pytest.raises(UnlockRefused):
        old.open_by_phrase("not this one here")
    assert _costs(tmp_path) == {2**16}
    assert old.open_by_phrase(PHRASE) == key

    assert _costs(tmp_path) == {2**17}
    again, _ = open_ring(tmp_path, MACHINE, has_store=True)
    assert again.open_by_phrase(PHRASE) == key


def test_a_cost_that_nobody_uses_is_a_damaged_ring(ring: KeyRing, tmp_path: Path) -> None:
    ring.lock(key_of(ring), PHRASE)
    for name in RING_FILES:
        file = tmp_path / name
        file.write_text(file.read_text("ascii").replace("131072", "1073741824"), "ascii")

    with pytest.raises(StoreKeyWrong):
        open_ring(tmp_path, MACHINE, has_store=True)


def test_a_slot_that_was_dropped_is_written_over_and_not_only_forgotten(
    ring: KeyRing, tmp_path: Path
) -> None:
    """Whoever reads the memory card block by block must not find how the machine once opened it by itself."""
    kept = [tmp_path / f"{name}.blocks" for name in RING_FILES]
    for name, blocks in zip(RING_FILES, kept, strict=True):
        blocks.hardlink_to(tmp_path / name)
    key = key_of(ring)
    before = {blocks.read_bytes() for blocks in kept}
    ring.lock(key, PHRASE)

    assert len(before) == 1
    assert b"machine" in before.pop()
    assert [b"machine" in blocks.read_bytes() for blocks in kept] == [False, False]
    assert KeyRing(tmp_path, MACHINE).open_by_phrase(PHRASE) == key
