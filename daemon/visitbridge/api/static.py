"""The web UI's files: read once at start, served from memory.

They hold no data and need no session. Nothing outside the listed folders and types is served, so tests, type
files and notes that lie beside them stay private.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from aiohttp import web

from visitbridge.api.cached import Document
from visitbridge.errors import ConfigError

FOLDERS = ("core", "views", "components", "css", "lib")
_TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
PAGE_SHEET: Final = "/css/page.css"
"""What the first page is drawn with, in one answer: these style sheets in this order."""

_PAGE_SHEETS: Final = ("css/tokens.css", "css/base.css", "css/components.css")
_JSDOC = re.compile(rb"^[ \t]*/\*\*(?:(?!\*/).)*\*/[ \t]*\n", re.MULTILINE | re.DOTALL)
_CAST = re.compile(rb"/\*\* @type \{(?:(?!\*/).)*\*/[ ]?")
_INDENT = re.compile(rb"^[ \t]+", re.MULTILINE)
_REMARK = re.compile(rb"^//.*\n", re.MULTILINE)
_CSS_COMMENT = re.compile(rb"/\*(?:(?!\*/).)*\*/\n*", re.DOTALL)
_CSS_GAP = re.compile(rb"\s*([{};,])\s*|(?<=:)\s+")
_UNSERVED = (".test.js", ".d.ts")


def read_webui(folder: Path) -> dict[str, Document]:
    """URL path → file for everything to serve; ``/`` and ``/p`` are ``index.html`` (the pairing token is in the
    fragment). Raises ConfigError when ``folder`` holds no ``index.html``.
    """
    if not (folder / "index.html").is_file():
        raise ConfigError(f"no web UI in {folder}: index.html is missing")
    joined = _page_sheets(folder)
    files = {
        f"/{file.relative_to(folder).as_posix()}": _read(file)
        for file in _served(folder)
        if file not in joined
    }
    index = files.pop("/index.html")
    sheet = Document("text/css", page_sheet(folder))
    return files | {"/": index, "/p": index, PAGE_SHEET: sheet}


def page_sheet(folder: Path) -> bytes:
    """What :data:`PAGE_SHEET` holds."""
    return b"".join(without_gaps(file.read_bytes()) for file in _page_sheets(folder))


def _page_sheets(folder: Path) -> list[Path]:
    return [file for name in _PAGE_SHEETS if (file := folder / name).is_file()]


def static_routes(files: Mapping[str, Document]) -> list[web.RouteDef]:
    return [web.get(path, _serve(document)) for path, document in files.items()]


def _serve(document: Document) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        return document.response(request)

    return handle


def _served(folder: Path) -> Iterable[Path]:
    candidates = [*folder.glob("*"), *(file for name in FOLDERS for file in (folder / name).rglob("*"))]
    return sorted(
        file
        for file in candidates
        if file.is_file()
        and file.suffix in _TYPES
        and not file.name.endswith(_UNSERVED)
        and not any(part.startswith(".") for part in file.relative_to(folder).parts)
    )


def _read(file: Path) -> Document:
    content = file.read_bytes()
    if file.suffix == ".js":
        content = without_layout(without_jsdoc(content))
    if file.suffix == ".css":
        content = without_gaps(content)
    return Document(_TYPES[file.suffix], content, compress=file.suffix != ".png")


def without_jsdoc(module: bytes) -> bytes:
    """``module`` without the ``/** … */`` blocks that begin a line, and without casts: types are for the checker, not for
    phones.
    """
    return _CAST.sub(b"", _JSDOC.sub(b"", module))


def without_gaps(sheet: bytes) -> bytes:
    """``sheet`` without comments, and without the spaces and line ends that mean nothing.

    No string and no address in it may hold a brace, a semicolon, or a comma with a space beside it.
    """
    return _CSS_GAP.sub(rb"\1", _CSS_COMMENT.sub(b"", sheet)).replace(b";}", b"}")


def without_layout(module: bytes) -> bytes:
    """``module`` without what stands before the first character of a line, and without the lines that are a ``//`` remark.

    Only templates of htm may go over several lines, to which such spaces mean nothing.
    """
    return _REMARK.sub(b"", _INDENT.sub(b"", module))
