"""公告訊息: what the institution's side wants visit teams to read (T04). Ours: the guides do not describe its content."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Annotated, Final

import msgspec
from msgspec import Meta

MOST_ANNOUNCEMENTS: Final = 50
TITLE_LENGTH: Final = 80
BODY_LENGTH: Final = 4000


class Announcement(msgspec.Struct, frozen=True, kw_only=True):
    """Plain text; a line feed ends a paragraph. ``urgent``: shown on the start page. ``expires_at`` None: until withdrawn."""

    announcement_id: Annotated[str, Meta(pattern=r"^[0-9a-f-]{36}$")]
    title: Annotated[str, Meta(min_length=1, max_length=TITLE_LENGTH)]
    body: Annotated[str, Meta(max_length=BODY_LENGTH)]
    urgent: bool
    issued_at: Annotated[dt.datetime, Meta(tz=True)]
    expires_at: Annotated[dt.datetime, Meta(tz=True)] | None = None

    def has_expired(self, now: dt.datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now


class AnnouncementList(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of ``GET /announcements``: all that stand for this box, newest first."""

    announcements: Annotated[tuple[Announcement, ...], Meta(max_length=MOST_ANNOUNCEMENTS)]

    @property
    def digest(self) -> str:
        """SHA-256 (hex), as ``DeviceStatus.announcements_digest`` tells it; empty for an empty list."""
        if not self.announcements:
            return ""
        return hashlib.sha256(msgspec.json.encode(self.announcements, order="sorted")).hexdigest()
