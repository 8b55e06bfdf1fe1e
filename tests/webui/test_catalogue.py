"""One catalogue: no word that a person reads stands in the page's own files."""

from __future__ import annotations

import re

import pytest

from tests.webui.fake_box import WEBUI

MODULES = sorted(file for file in WEBUI.rglob("*.js") if "lib" not in file.parts)
_COMMENT = re.compile(r"/\*.*?\*/|(?<!:)//[^\n]*", re.DOTALL)
_CHINESE = re.compile(r"[\u3400-\u9fff]+")
# Chinese letters and what stands between them.
_WIDE = r"\u3000-\u303f\u3400-\u9fff\uff00-\uffef"
# What is called the same in every language.
_NAMES = {"Python"}
_CODE = re.compile(r"GW-[A-Z]+-\d+")
# What stands between two tags of a template, or in an attribute that is read out, and is no expression.
_TEXT = re.compile(r">([^<>`${}=;()]*[A-Za-z]{2,}[^<>`${}=;()]*)</")
_READ_OUT = re.compile(r'(?:aria-label|title|placeholder|alt)="([^"$]+)"')


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.relative_to(WEBUI).as_posix())
def test_no_word_stands_outside_the_catalogue(module: object) -> None:
    source = _CODE.sub("", _COMMENT.sub("", WEBUI.joinpath(str(module)).read_text("utf-8")))

    assert {*re.findall(rf"""["'`>]([^"'`<>]*[{_WIDE}][^"'`<>]*)""", source)} == set()
    assert {*_TEXT.findall(source)} - _NAMES == set()
    assert _READ_OUT.findall(source) == []


def test_the_page_itself_has_only_the_words_for_when_there_is_no_catalogue() -> None:
    page = re.sub(r"<!--.*?-->", "", (WEBUI / "index.html").read_text("utf-8"), flags=re.DOTALL)
    boot = re.search(r'<p class="boot">.*?</p>', page, re.DOTALL)

    assert boot is not None
    assert _CHINESE.findall(page.replace(boot.group(), "")) == []
    assert re.findall(r">\s*([A-Za-z][^<]*)<", page.replace(boot.group(), "")) == ["visitbridge"]
