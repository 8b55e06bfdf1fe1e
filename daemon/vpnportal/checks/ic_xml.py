"""A reader of its own for IC-card uploads, format 1.0: elements and where they stand, nothing of their meaning.

Document types are refused before anything in them is looked at, so there are no entities to expand.
"""

from __future__ import annotations

import re
from xml.parsers import expat

import msgspec

_DECLARATION = re.compile(r'<\?xml version="1\.0" encoding="big5"\s*\?>', re.IGNORECASE)


class NotReadable(Exception):
    """The bytes are no such document; ``code`` is the check code for it, ``field`` where."""

    def __init__(self, code: str, field: str) -> None:
        super().__init__(f"{code} {field}")
        self.code = code
        self.field = field


class Element(msgspec.Struct, kw_only=True):
    """``text`` is everything between the tags that is not in a child."""

    tag: str
    children: list[Element] = []
    text: str = ""

    def all(self, tag: str) -> tuple[Element, ...]:
        return tuple(child for child in self.children if child.tag == tag)


def read_document(data: bytes) -> Element:
    """The root element of Big5 XML with its declaration. Raises NotReadable: Y014 not Big5, 02 not well-formed."""
    try:
        text = data.decode("big5")
    except UnicodeDecodeError as exc:
        raise NotReadable("Y014", f"byte {exc.start}") from exc
    declaration = _DECLARATION.match(text)
    if declaration is None:
        raise NotReadable("02", "xml")
    top = Element(tag="")
    open_elements = [top]
    parser = expat.ParserCreate()

    def start(tag: str, attributes: dict[str, str]) -> None:
        if attributes:
            raise NotReadable("02", tag)
        element = Element(tag=tag)
        open_elements[-1].children.append(element)
        open_elements.append(element)

    def end(_: str) -> None:
        open_elements.pop()

    def characters(more: str) -> None:
        open_elements[-1].text += more

    def refuse_document_type(*_: object) -> None:
        raise NotReadable("02", "DOCTYPE")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    parser.StartDoctypeDeclHandler = refuse_document_type
    try:
        parser.Parse(text[declaration.end() :], True)
    except expat.ExpatError as exc:
        raise NotReadable("02", f"line {exc.lineno}") from exc
    return top.children[0]
