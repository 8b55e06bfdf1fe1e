"""HTML as a tree of the standard library, so that whatever a box or a person named cannot become markup."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable

Node = ET.Element | str


def tag(name: str, /, *children: Node | Iterable[Node], **attributes: str | bool | None) -> ET.Element:
    """An element. An attribute that is True stands alone, one that is None or False is left out; ``class_`` and ``for_`` are
    the words that Python keeps for itself, and ``_`` within a name is a hyphen.
    """
    element = ET.Element(name)
    for key, value in attributes.items():
        if value is not None and value is not False:
            element.set(key.rstrip("_").replace("_", "-"), "" if value is True else value)
    for child in children:
        for node in [child] if isinstance(child, str | ET.Element) else child:
            _append(element, node)
    return element


def document(*, title: str, body: Iterable[Node]) -> str:
    """A page in Traditional Chinese with the one style sheet."""
    root = tag(
        "html",
        tag(
            "head",
            tag("meta", charset="utf-8"),
            tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
            tag("title", title),
            tag("link", rel="stylesheet", href="/office.css"),
        ),
        tag("body", body),
        lang="zh-Hant-TW",
    )
    return "<!doctype html>\n" + ET.tostring(root, encoding="unicode", method="html")


def _append(element: ET.Element, node: Node) -> None:
    if isinstance(node, ET.Element):
        element.append(node)
    elif len(element):
        element[-1].tail = (element[-1].tail or "") + node
    else:
        element.text = (element.text or "") + node
