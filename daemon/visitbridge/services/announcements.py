"""公告訊息 (T04): fetched when they have changed, kept for places without a line, and who has read which."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from visitbridge.errors import DataCentreError, LinkError, NotFound, StoreError
from visitbridge.ports.clock import Clock
from visitbridge.ports.store import Store, Transaction
from visitbridge.protocols.datacentre.announcements import Announcement
from visitbridge.services.live import LiveBoard
from visitbridge.services.topics import PerReader

log = logging.getLogger(__name__)

_KEPT: Final = "announcements"
_READ: Final = "announcements.read"
MOST_READERS: Final = 200
"""People and phones whose marks are kept; who has read nothing for longest is forgotten first."""


class AnnouncementLine(msgspec.Struct, frozen=True, kw_only=True):
    announcement_id: str
    title: str
    urgent: bool
    issued_at: dt.datetime
    expires_at: dt.datetime | None
    read: bool


class AnnouncementsTopic(msgspec.Struct, frozen=True, kw_only=True):
    """As one reader sees them, newest first; one whose ``expires_at`` has passed is over."""

    items: tuple[AnnouncementLine, ...]


class AnnouncementView(AnnouncementLine, frozen=True, kw_only=True):
    body: str


class _Board(PerReader, frozen=True, kw_only=True):
    announcements: tuple[Announcement, ...]
    read: dict[str, tuple[str, ...]]

    def for_reader(self, reader: str) -> AnnouncementsTopic:
        seen = self.read.get(reader, ())
        return AnnouncementsTopic(
            items=tuple(
                AnnouncementLine(
                    announcement_id=one.announcement_id,
                    title=one.title,
                    urgent=one.urgent,
                    issued_at=one.issued_at,
                    expires_at=one.expires_at,
                    read=one.announcement_id in seen,
                )
                for one in self.announcements
            )
        )


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    """``digest``: by which the other side names this list."""

    digest: str = ""
    announcements: tuple[Announcement, ...] = ()


class Publisher(Protocol):
    """The part of the data centre that publishes."""

    async def announcements(self) -> Sequence[Announcement]: ...


class AnnouncementDesk:
    """A reader is a person, by staff id, or a phone on which nobody is signed in."""

    def __init__(self, store: Store, clock: Clock, board: LiveBoard, publisher: Publisher) -> None:
        self._store = store
        self._clock = clock
        self._board = board
        self._publisher = publisher
        self._kept = _Kept()
        self._read: dict[str, tuple[str, ...]] = {}

    async def load(self) -> None:
        """What was kept when the box was last on."""
        self._kept, self._read = await self._store.read(lambda tx: (_kept(tx), _marks(tx)))
        self._publish()

    async def tend(self, digest: str) -> None:
        """After an answer of the data centre that names its list: fetch it if it is another. What fails is tried at the
        next contact.
        """
        if digest == self._kept.digest:
            return
        try:
            found = tuple(await self._publisher.announcements()) if digest else ()
            await self._keep(_Kept(digest=digest, announcements=found))
        except (LinkError, DataCentreError, StoreError) as error:
            log.info("announcements not taken: %s", error.code)

    def for_reader(self, reader: str) -> tuple[AnnouncementView, ...]:
        """Those that are not over, newest first."""
        seen, now = self._read.get(reader, ()), self._clock.now()
        return tuple(
            AnnouncementView(
                announcement_id=one.announcement_id,
                title=one.title,
                body=one.body,
                urgent=one.urgent,
                issued_at=one.issued_at,
                expires_at=one.expires_at,
                read=one.announcement_id in seen,
            )
            for one in self._kept.announcements
            if not one.has_expired(now)
        )

    async def mark_read(self, announcement_id: str, reader: str) -> None:
        """Durable when it returns. Raises NotFound."""
        if all(one.announcement_id != announcement_id for one in self._kept.announcements):
            raise NotFound("no such announcement", field="announcement_id")

        def work(tx: Transaction) -> dict[str, tuple[str, ...]]:
            marks = _marks(tx)
            seen = marks.pop(reader, ())
            marks[reader] = (*(one for one in seen if one != announcement_id), announcement_id)
            recent = dict(list(marks.items())[-MOST_READERS:])
            tx.settings.set(_READ, msgspec.json.encode(recent).decode())
            return recent

        self._read = await self._store.write(work)
        self._publish()

    async def _keep(self, kept: _Kept) -> None:
        """Marks of announcements that are gone go with them."""
        standing = {one.announcement_id for one in kept.announcements}

        def work(tx: Transaction) -> dict[str, tuple[str, ...]]:
            marks = {
                reader: tuple(one for one in seen if one in standing) for reader, seen in _marks(tx).items()
            }
            marks = {reader: seen for reader, seen in marks.items() if seen}
            tx.settings.set(_KEPT, msgspec.json.encode(kept).decode())
            tx.settings.set(_READ, msgspec.json.encode(marks).decode())
            return marks

        self._read = await self._store.write(work)
        self._kept = kept
        self._publish()

    def _publish(self) -> None:
        self._board.put("announcements", _Board(announcements=self._kept.announcements, read=self._read))


def _kept(tx: Transaction) -> _Kept:
    text = tx.settings.get(_KEPT)
    return _Kept() if text is None else msgspec.json.decode(text, type=_Kept)


def _marks(tx: Transaction) -> dict[str, tuple[str, ...]]:
    text = tx.settings.get(_READ)
    return {} if text is None else msgspec.json.decode(text, type=dict[str, tuple[str, ...]])
