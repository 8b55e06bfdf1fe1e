"""Documents that rarely change: an ETag, 304 when the browser has it, gzip when the browser takes it."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cached_property

from aiohttp import web
from aiohttp.helpers import ETag


@dataclass(frozen=True)
class Document:
    """A body in memory. ``compress``: whether that may gain something."""

    content_type: str
    plain: bytes
    compress: bool = True

    @cached_property
    def zipped(self) -> bytes | None:
        """Made when it is first asked for, and once: a start waits for none of it. None where compression gains nothing."""
        zipped = gzip.compress(self.plain, 9, mtime=0) if self.compress else self.plain
        return zipped if len(zipped) < len(self.plain) else None

    @cached_property
    def etag(self) -> str:
        return hashlib.sha256(self.plain).hexdigest()[:20]

    def response(self, request: web.Request) -> web.Response:
        """200 with the form that the browser takes, or 304; to be asked for again each time (``no-cache``)."""
        zipped = self.zipped if _takes_gzip(request.headers.get("Accept-Encoding", "")) else None
        etag = ETag(value=self.etag if zipped is None else f"{self.etag}-gzip")
        headers = {"Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
        if any(known.value in {etag.value, "*"} for known in request.if_none_match or ()):
            response = web.Response(status=304, headers=headers)
        else:
            response = web.Response(
                body=self.plain if zipped is None else zipped, content_type=self.content_type, headers=headers
            )
            if self.content_type.startswith("text/"):
                response.charset = "utf-8"
            if zipped is not None:
                response.headers["Content-Encoding"] = "gzip"
        response.etag = etag
        return response


def _takes_gzip(accept: str) -> bool:
    for entry in accept.lower().split(","):
        coding, _, weight = entry.partition(";")
        if coding.strip() == "gzip":
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False
