"""What every form of an export is made from: one finished visit and what the insurer said of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from visitbridge.domain.visit import Visit
from visitbridge.errors import NotInBig5
from visitbridge.protocols.big5 import strangers


class Transcript(msgspec.Struct, frozen=True, kw_only=True):
    """``visit_identifier``: 就醫識別碼, empty where none was given. ``order_signatures``: the card's (A79), one per order
    written to it. ``ic_xml``: the upload as it was sent, format 1.0.
    """

    visit: Visit
    visit_identifier: str = ""
    card_signature: str = ""
    order_signatures: tuple[str, ...] = ()
    ic_xml: str = ""


class UnfitCharacter(msgspec.Struct, frozen=True, kw_only=True):
    """A character that Big5 has no code for: where it stands, so that a person can decide (beyond #22).

    ``position`` counts characters of that field from 1; ``name`` is Unicode's.
    """

    field: str
    position: int
    character: str
    name: str


Substitutes = Mapping[str, str]
"""Character outside Big5 → what a person chose to write in its place."""


def free_texts(visit: Visit) -> Iterator[tuple[str, str]]:
    """Path and text of everything that a person or a card wrote, in the order of the page."""
    content = visit.content
    yield "patient.name", visit.patient.name
    yield "practitioner.name", visit.practitioner.name
    yield "content.subjective", content.subjective
    yield "content.objective", content.objective
    yield "content.special_note", content.special_note
    for number, diagnosis in enumerate(content.diagnoses):
        yield f"content.diagnoses[{number}].name_zh", diagnosis.name_zh
    for number, order in enumerate(content.orders):
        yield f"content.orders[{number}].name", order.name
        yield f"content.orders[{number}].note", order.note


def unfit_characters(visits: Sequence[Visit]) -> tuple[UnfitCharacter, ...]:
    """All of them, by field and position."""
    return tuple(
        UnfitCharacter(field=field, position=found.position, character=found.character, name=found.name)
        for visit in visits
        for field, text in free_texts(visit)
        for found in strangers(text)
    )


def to_big5(text: str, field: str, chosen: Substitutes) -> str:
    """``text`` with what a person chose in place of characters outside Big5.

    Raises NotInBig5 naming ``field``, the position and the character for one that nobody decided on.
    """
    written = "".join(chosen.get(character, character) for character in text)
    left = strangers(written)
    if left:
        raise NotInBig5(field=field, position=left[0].position, character=left[0].name)
    return written
