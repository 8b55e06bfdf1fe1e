"""Receipts: signed, stored in the transaction of the effect, answered only after its commit (data-centre.md §1.4)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, insert, select

from visitbridge.errors import ConfigError
from visitbridge.protocols.datacentre.common import ProblemCode, Receipt
from vpnportal.ca import write_private
from vpnportal.clock import PortalClock
from vpnportal.database import Database
from vpnportal.problems import Refusal, refuse
from vpnportal.schema import card_intents, receipts


class ReceiptBook:
    """The receipts of this database, and the key that signs new ones."""

    def __init__(self, database: Database, signing_key: Ed25519PrivateKey, clock: PortalClock) -> None:
        self._database = database
        self._signing_key = signing_key
        self._clock = clock

    @property
    def public_key_hex(self) -> str:
        """The raw Ed25519 public key, as handed over at binding."""
        raw = self._signing_key.public_key().public_bytes(
            serialization.Encoding.Raw, serialization.PublicFormat.Raw
        )
        return raw.hex()

    def sign(self, data: bytes) -> bytes:
        """Ed25519 by the same key, for other words of the data centre that boxes must be able to believe."""
        return self._signing_key.sign(data)

    def stored(
        self, connection: Connection, key: str, *, institution: str, kind: str, digest: str
    ) -> Receipt | None:
        """The receipt that this very request was given before, or None.

        Raises Refusal key_conflict when the key stands for anything else, another institution's included.
        """
        row = connection.execute(select(receipts).where(receipts.c.key == key)).one_or_none()
        if row is None:
            return None
        if (row.institution, row.kind, row.digest) != (institution, kind, digest):
            raise key_conflict()
        return msgspec.json.decode(row.document, type=Receipt)

    def store(
        self,
        connection: Connection,
        key: str,
        *,
        institution: str,
        device_id: str,
        kind: str,
        digest: str,
        insurer: Mapping[str, str],
    ) -> Receipt:
        """Sign and keep a receipt within the caller's transaction; it must not be answered before the commit."""
        unsigned = Receipt(
            key=key,
            kind=kind,
            digest=digest,
            epoch=self._database.epoch,
            accepted_at=_whole_milliseconds(self._clock.now()),
            insurer=dict(insurer),
        )
        signature = self._signing_key.sign(unsigned.signed_bytes()).hex()
        receipt = msgspec.structs.replace(unsigned, signature=signature)
        connection.execute(
            insert(receipts).values(
                key=key,
                institution=institution,
                device_id=device_id,
                kind=kind,
                digest=digest,
                accepted_at=receipt.accepted_at,
                document=msgspec.json.encode(receipt),
            )
        )
        return receipt

    def of_institution(self, connection: Connection, key: str, institution: str) -> Receipt | None:
        """The receipt of a key; another institution's does not exist for the one that asks."""
        document = connection.execute(
            select(receipts.c.document).where(receipts.c.key == key, receipts.c.institution == institution)
        ).scalar_one_or_none()
        return None if document is None else msgspec.json.decode(document, type=Receipt)

    def missing(self, connection: Connection, keys: Sequence[str], institution: str) -> tuple[str, ...]:
        """Those of ``keys`` that this epoch does not hold, in the order of asking."""
        held: set[str] = set()
        for start in range(0, len(keys), 500):
            some = keys[start : start + 500]
            held.update(
                connection.execute(
                    select(receipts.c.key).where(
                        receipts.c.key.in_(some), receipts.c.institution == institution
                    )
                ).scalars()
            )
        return tuple(key for key in keys if key not in held)


class CardReceipts:
    """Receipts for card sessions, where the effect is on the card and the receipt is all there is to store.

    Runs in the database's thread. Whose intent it is was recorded when the session was opened.
    """

    def __init__(self, database: Database, book: ReceiptBook) -> None:
        self._database = database
        self._book = book

    def issue(self, key: str, kind: str, digest: str, insurer: Mapping[str, str]) -> Receipt:
        """The receipt for ``key``, durable when this returns; the same one for the same digest.

        Raises Refusal key_conflict for another digest, and for an intent that opened no session.
        """

        def work(connection: Connection) -> Receipt:
            intent = connection.execute(
                select(card_intents).where(card_intents.c.key == key, card_intents.c.digest == digest)
            ).one_or_none()
            if intent is None:
                raise key_conflict()
            stored = self._book.stored(
                connection, key, institution=intent.institution, kind=kind, digest=digest
            )
            return stored or self._book.store(
                connection,
                key,
                institution=intent.institution,
                device_id=intent.device_id,
                kind=kind,
                digest=digest,
                insurer=insurer,
            )

        return self._database.transact(work)

    def find(self, key: str) -> Receipt | None:
        """The receipt that ``key`` has, whoever it was given to."""

        def work(connection: Connection) -> Receipt | None:
            document = connection.execute(
                select(receipts.c.document).where(receipts.c.key == key)
            ).scalar_one_or_none()
            return None if document is None else msgspec.json.decode(document, type=Receipt)

        return self._database.transact(work)


def load_signing_key(folder: Path) -> Ed25519PrivateKey:
    """The key that signs receipts, made at first start. Raises ConfigError when the file is damaged."""
    path = folder / "receipts.key"
    if not path.exists():
        write_private(
            path,
            Ed25519PrivateKey.generate().private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ),
        )
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except ValueError as exc:
        raise ConfigError("receipts.key cannot be read") from exc
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError("receipts.key is not an Ed25519 key")
    return key


def key_conflict() -> Refusal:
    return refuse(
        409,
        ProblemCode.KEY_CONFLICT,
        title="the key is known with other content",
        words="此資料的編號已用於另一筆不同的資料，請洽系統人員。",
    )


def _whole_milliseconds(moment: dt.datetime) -> dt.datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
