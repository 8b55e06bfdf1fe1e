"""The key ring: the store's key, wrapped so that it can be had in more than one way, and destroyed in an instant.

The store's key is random and never leaves memory unwrapped. The ring holds it once per way of opening it:

- ``machine``: by what the machine itself has (a systemd credential sealed to TPM or host key, or the key file).
- ``phrase``: by that and a pass-phrase (scrypt, RFC 7914).
- ``card``: by that and what a health-professional card signs after its PIN (docs/decisions/0022).

Without a ``machine`` slot the box starts locked. Destroying the ring destroys all content of the store, wherever copies
of it may lie: nothing else holds the key.
"""

from __future__ import annotations

import secrets
import unicodedata
from pathlib import Path
from typing import Final, Literal

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from visitbridge.adapters.keys.store_key import KEY_BYTES
from visitbridge.adapters.private_files import write_secret
from visitbridge.errors import FieldInvalid, StoreKeyWrong, UnlockRefused
from visitbridge.protocols.stretching import COST, stretch

Way = Literal["machine", "phrase", "card"]

RING_FILES: Final = ("keys.ring", "keys.ring.copy")
"""Twice, because without it all is lost: a page of the memory card that dies must not take the patients' data along."""

SHORTEST_PHRASE: Final = 12
LONGEST_PHRASE: Final = 128

EASY_WORDS: Final = (
    "visitbridge",
    "password",
    "12345678",
    "健保",
    "居家",
    "訪視",
    "密碼",
    "通行片語",
    "診所",
    "護理所",
)
"""What anybody who knows this kind of box would try first: a phrase has to be long enough without them."""

_NONCE_BYTES: Final = 12
_SALT_BYTES: Final = 32
_PURPOSE: Final = b"visitbridge key ring 1 "


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """``sealed``: nonce and AES-256-GCM of the store's key. ``cost``: scrypt's N for a pass-phrase, 2^16 in the
    first rings, which do not tell; without a pass-phrase it means nothing.
    """

    way: Way
    salt: bytes
    sealed: bytes
    cost: Literal[65536, 131072] = 65536


class Ring(msgspec.Struct, frozen=True, kw_only=True):
    """``challenge``: what a card signs to open this ring, 32 bytes."""

    version: Literal[1] = 1
    challenge: bytes
    slots: tuple[Slot, ...]


class KeyRing:
    """The ring in a folder. ``machine_key``: 32 bytes, without which no slot opens."""

    def __init__(self, folder: Path, machine_key: bytes) -> None:
        self._files = tuple(folder / name for name in RING_FILES)
        self._machine_key = machine_key
        self._ring = self._read()

    @property
    def exists(self) -> bool:
        return self._ring is not None

    @property
    def ways(self) -> frozenset[Way]:
        """By what it can be opened; empty for a ring that is not there."""
        return frozenset(slot.way for slot in self._ring.slots) if self._ring else frozenset()

    @property
    def challenge(self) -> bytes:
        """Raises StoreKeyWrong without a ring."""
        return self._required().challenge

    def create(self) -> bytes:
        """A ring with a new key that the machine opens by itself; durable when this returns."""
        key = secrets.token_bytes(KEY_BYTES)
        self._write(
            Ring(challenge=secrets.token_bytes(_SALT_BYTES), slots=(self._seal("machine", b"", key),))
        )
        return key

    def mend(self) -> None:
        """Make both files say the same: a cut between their writing must leave no slot that was dropped."""
        if self._ring is None:
            return
        content = msgspec.json.encode(self._ring)
        if any(not file.exists() or file.read_bytes() != content for file in self._files):
            self._write(self._ring)

    def open_by_machine(self) -> bytes | None:
        """The store's key, or None when a person has to open it. Raises StoreKeyWrong."""
        if "machine" not in self.ways:
            self._required()
            return None
        key = self._try("machine", b"")
        if key is None:
            raise StoreKeyWrong("the machine's key does not open the ring")
        return key

    def open_by_phrase(self, phrase: str) -> bytes:
        """Takes about a second of a processor and 128 MiB, on purpose. Raises UnlockRefused.

        A slot that was made at a lower cost is made anew.
        """
        secret = _canonical(phrase)
        key = self._open("phrase", secret)
        if any(slot.way == "phrase" and slot.cost < COST for slot in self._required().slots):
            self._replace({"phrase"}, self._seal("phrase", secret, key))
        return key

    def open_by_card(self, signature: bytes) -> bytes:
        """``signature``: what the card signs for :attr:`challenge`. Raises UnlockRefused."""
        return self._open("card", signature)

    def lock(self, key: bytes, phrase: str) -> None:
        """From now on a person opens it, by this pass-phrase. Cards stay. Raises FieldInvalid (``phrase``)."""
        if not SHORTEST_PHRASE <= len(phrase) <= LONGEST_PHRASE or _weight(phrase) < SHORTEST_PHRASE:
            raise FieldInvalid(
                f"{SHORTEST_PHRASE} to {LONGEST_PHRASE} characters, easy words not counted", field="phrase"
            )
        self._replace({"machine", "phrase"}, self._seal("phrase", _canonical(phrase), key))

    def let_machine_open(self, key: bytes) -> None:
        """Pass-phrase and cards are forgotten."""
        self._replace({"machine", "phrase", "card"}, self._seal("machine", b"", key))

    def add_card(self, key: bytes, signature: bytes) -> None:
        self._replace(set(), self._seal("card", signature, key))

    def forget_cards(self) -> None:
        self._replace({"card"})

    def _open(self, way: Way, secret: bytes) -> bytes:
        self._required()
        key = self._try(way, secret)
        if key is None:
            raise UnlockRefused(f"no {way} slot opens")
        return key

    def _try(self, way: Way, secret: bytes) -> bytes | None:
        for slot in self._required().slots:
            if slot.way != way:
                continue
            nonce, sealed = slot.sealed[:_NONCE_BYTES], slot.sealed[_NONCE_BYTES:]
            try:
                wrapping_key = self._wrapping_key(way, secret, slot.salt, slot.cost)
                return AESGCM(wrapping_key).decrypt(nonce, sealed, way.encode())
            except InvalidTag:
                continue
        return None

    def _seal(self, way: Way, secret: bytes, key: bytes) -> Slot:
        salt, nonce = secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(_NONCE_BYTES)
        sealed = AESGCM(self._wrapping_key(way, secret, salt, COST)).encrypt(nonce, key, way.encode())
        return Slot(way=way, salt=salt, sealed=nonce + sealed, cost=COST)

    def _wrapping_key(self, way: Way, secret: bytes, salt: bytes, cost: int) -> bytes:
        if way == "phrase":
            secret = stretch(secret, salt, cost=cost)
        return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=salt, info=_PURPOSE + way.encode()).derive(
            self._machine_key + secret
        )

    def _replace(self, dropped: set[Way], *fresh: Slot) -> None:
        ring = self._required()
        kept = tuple(slot for slot in ring.slots if slot.way not in dropped)
        self._write(msgspec.structs.replace(ring, slots=(*kept, *fresh)))

    def _required(self) -> Ring:
        if self._ring is None:
            raise StoreKeyWrong("the key ring is lost or damaged")
        return self._ring

    def _read(self) -> Ring | None:
        for file in self._files:
            try:
                return msgspec.json.decode(file.read_bytes(), type=Ring)
            except (FileNotFoundError, msgspec.DecodeError):
                continue
        return None

    def _write(self, ring: Ring) -> None:
        content = msgspec.json.encode(ring)
        for file in self._files:
            write_secret(file, content)
        self._ring = ring


def open_ring(folder: Path, machine_key: bytes, *, has_store: bool) -> tuple[KeyRing, bytes | None]:
    """The ring and, unless a person has to open it, the store's key; made at the first start.

    Raises StoreKeyWrong for a ring that is lost while there is a store: a new key would not open it.
    """
    ring = KeyRing(folder, machine_key)
    if not ring.exists and not has_store:
        return ring, ring.create()
    ring.mend()
    return ring, ring.open_by_machine()


def _weight(phrase: str) -> int:
    """Its length without what is easy to guess; one character over and over counts once."""
    rest = phrase.casefold()
    for word in EASY_WORDS:
        rest = rest.replace(word, "")
    return len(rest) if len(set(rest)) > 1 else len(set(rest))


def _canonical(phrase: str) -> bytes:
    """The same bytes whichever keyboard typed it (RFC 8265 §4.2.2 names NFC; width and case stay as typed)."""
    return unicodedata.normalize("NFC", phrase).encode()
