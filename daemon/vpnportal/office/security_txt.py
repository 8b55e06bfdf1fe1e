"""/.well-known/security.txt: where a hole is reported (RFC 9116), as whoever runs this portal has configured it."""

from __future__ import annotations

import datetime as dt
from typing import Final

from visitbridge.errors import ConfigError

LASTS: Final = dt.timedelta(days=180)
"""RFC 9116 §2.5.5 recommends less than a year. Counted from the start: a portal that nobody tends lets it run out."""

_SCHEMES: Final = ("mailto:", "https://", "tel:")


def security_txt(contact: str, started_at: dt.datetime) -> str:
    """The file's text; empty without a contact, so that nothing is promised that nobody keeps.

    ``contact`` is a URI (RFC 9116 §2.5.3). Raises ConfigError for another one.
    """
    if not contact:
        return ""
    if (
        not contact.startswith(_SCHEMES)
        or not contact.isascii()
        or not contact.isprintable()
        or " " in contact
    ):
        raise ConfigError("--security-contact wants mailto:, https:// or tel:")
    expires = (started_at + LASTS).astimezone(dt.UTC).replace(microsecond=0)
    lines = (
        f"Contact: {contact}",
        f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: zh-Hant, en",
    )
    return "".join(f"{line}\r\n" for line in lines)
