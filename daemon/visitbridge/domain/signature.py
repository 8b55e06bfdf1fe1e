"""A signature drawn on the phone by the patient or the family (HH-PLAN: each home visit is signed for)."""

from __future__ import annotations

import datetime as dt
import enum
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from visitbridge.errors import FieldInvalid

WIDTH: Final = 1000
"""Units across the field that is signed in, from the left."""
HEIGHT: Final = 400
"""Units down it, from the top."""

Coordinate = Annotated[int, Meta(ge=0, le=WIDTH)]
Stroke = Annotated[tuple[Coordinate, ...], Meta(min_length=2, max_length=4000)]
"""x, y, x, y, …; one pair is a dot."""


class Signer(enum.StrEnum):
    PATIENT = "patient"
    FAMILY = "family"


class Drawing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a phone sends. ``relation``: the family member's to the patient, in their own words."""

    signer: Signer
    strokes: Annotated[tuple[Stroke, ...], Meta(min_length=1, max_length=200)]
    relation: Annotated[str, Meta(max_length=40)] = ""


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """A drawing as it is kept with its visit. ``revision``: the visit's, as it was when it was signed."""

    drawing: Drawing
    signed_at: dt.datetime
    revision: int


def check_drawing(drawing: Drawing) -> None:
    """Raise FieldInvalid for a stroke that has half a point, or one outside the field."""
    for index, stroke in enumerate(drawing.strokes):
        if len(stroke) % 2 or any(y > HEIGHT for y in stroke[1::2]):
            raise FieldInvalid("points are pairs inside the field", field=f"strokes[{index}]")
