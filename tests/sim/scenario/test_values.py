from __future__ import annotations

from typing import Any

import msgspec
import pytest

from visitbridge.sim.scenario.model import Check
from visitbridge.sim.scenario.values import Nowhere, filled, look_up, unmet

STATE = {
    "box": {"bound": True},
    "readers": [
        {"id": "usb-1", "card": {"kind": "nhi", "insertion": 2}},
        {"id": "usb-2", "card": {"kind": "none", "insertion": 0}},
    ],
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("box.bound", True),
        ("readers[0].card.kind", "nhi"),
        ("readers[-1].id", "usb-2"),
        ("readers[id=usb-2].card.insertion", 0),
        ("", STATE),
    ],
)
def test_paths(path: str, found: Any) -> None:
    assert look_up(STATE, path) == found


@pytest.mark.parametrize(
    "path", ["box.name", "readers[2]", "readers[id=usb-3].card", "box.bound.more", "box[0]"]
)
def test_paths_that_lead_nowhere_say_so(path: str) -> None:
    with pytest.raises(Nowhere, match="nothing at"):
        look_up(STATE, path)


@pytest.mark.parametrize(
    ("check", "holds"),
    [
        ({"at": "box.bound", "equals": True}, True),
        ({"at": "box.bound", "equals": False}, False),
        ({"at": "box.name", "equals": "x"}, False),
        ({"at": "readers", "count": 2}, True),
        ({"at": "readers", "count": 1}, False),
        ({"at": "nothing", "count": 0}, True),
        ({"at": "box.bound", "count": 1}, False),
        ({"at": "readers[0].card.kind", "differs": "none"}, True),
        ({"at": "readers[1].card.kind", "differs": "none"}, False),
        ({"at": "nothing", "differs": "none"}, True),
        ({"at": "readers[0].id", "contains": "usb"}, True),
        ({"at": "readers[0].id", "contains": "ble"}, False),
        ({"at": "readers[0].card.insertion", "above": 1}, True),
        ({"at": "readers[0].card.insertion", "above": 2}, False),
        ({"at": "readers[0].id", "above": 1}, False),
        ({"at": "readers[0].card.insertion", "above": 1, "equals": 3}, False),
    ],
)
def test_checks(check: dict[str, Any], holds: bool) -> None:
    assert (unmet(STATE, msgspec.convert(check, Check)) == "") is holds


def test_an_unmet_check_says_what_was_found() -> None:
    check = Check(at="readers[0].card.kind", equals="hpc")
    assert unmet(STATE, check) == "readers[0].card.kind is 'nhi', not 'hpc'"


def test_texts_are_filled_from_earlier_steps() -> None:
    kept = {"visit": {"id": "abc", "revision": 3}}
    step = {"path": "/api/visits/${visit.id}", "revision": "${visit.revision}", "list": ["${visit.id}", 1]}
    assert filled(step, kept) == {"path": "/api/visits/abc", "revision": 3, "list": ["abc", 1]}
    with pytest.raises(Nowhere):
        filled("${nobody.id}", kept)
