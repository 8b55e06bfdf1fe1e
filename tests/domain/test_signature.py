"""What a drawn signature may be."""

from __future__ import annotations

import pytest

from visitbridge.domain.signature import Drawing, Signer, check_drawing
from visitbridge.errors import FieldInvalid


@pytest.mark.parametrize("stroke", [(0, 0), (1000, 400, 0, 0)])
def test_points_inside_the_field(stroke: tuple[int, ...]) -> None:
    check_drawing(Drawing(signer=Signer.PATIENT, strokes=(stroke,)))


@pytest.mark.parametrize("stroke", [(1, 2, 3), (0, 401)])
def test_half_points_and_points_outside_are_refused(stroke: tuple[int, ...]) -> None:
    with pytest.raises(FieldInvalid) as refused:
        check_drawing(Drawing(signer=Signer.FAMILY, strokes=((1, 1), stroke)))
    assert refused.value.field == "strokes[1]"
