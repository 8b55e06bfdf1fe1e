"""The first page names every module that it needs, so that a phone asks for all of them at once and not one after another."""

from __future__ import annotations

import posixpath
import re

from tests.webui.fake_box import WEBUI

_LINK = re.compile(r'<link rel="modulepreload" href="/([^"]+)">')
_IMPORT = re.compile(r'\b(?:from|import)\s*"(\.[^"]+)"')
_STARTS = ("app.js", "views/home.js")


def needed_by(module: str) -> set[str]:
    """Paths of what a module imports without being asked to, itself among them."""
    text = (WEBUI / module).read_text("utf-8")
    found = {
        posixpath.normpath(posixpath.join(posixpath.dirname(module), path)) for path in _IMPORT.findall(text)
    }
    return {module}.union(*map(needed_by, found))


def test_the_first_page_names_the_modules_of_the_start_page_and_no_others() -> None:
    named = _LINK.findall((WEBUI / "index.html").read_text("utf-8"))

    assert named == sorted(set(named))
    assert set(named) == set().union(*map(needed_by, _STARTS)) - {"app.js"}
