from __future__ import annotations

from pathlib import Path

import pytest

from visitbridge.errors import ConfigError
from visitbridge.sim import scenario
from visitbridge.sim.scenario.model import Insert, Look, load_scenario

SHIPPED = sorted((Path(scenario.__file__).parents[1] / "scenarios").glob("*.toml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.stem))
def test_shipped_scenarios_are_well_formed(path: Path) -> None:
    assert load_scenario(path).steps


def test_there_are_shipped_scenarios() -> None:
    assert "first_visit" in [path.stem for path in SHIPPED]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "scenario.toml"


def test_steps_have_sensible_defaults(path: Path) -> None:
    path.write_text(
        'title = "t"\n[[steps]]\ndo = "insert"\ncard = "patient-wang"\n'
        '[[steps]]\ndo = "look"\napi = "/api/state"\nwhere = [{ at = "box.bound", equals = true }]\n'
    )
    insert, look = load_scenario(path).steps
    assert insert == Insert(card="patient-wang", reader=1, recognised=True)
    assert isinstance(look, Look)
    assert look.within_s > 0


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("title = ", r"scenario\.toml"),
        ('title = "t"\nsteps = []', "length >= 1"),
        ('title = "t"\n[[steps]]\ndo = "fly"', "Invalid value 'fly'"),
        ('title = "t"\n[[steps]]\ndo = "insert"', "missing required field `card`"),
        ('title = "t"\n[[steps]]\ndo = "link"\nmode = "sideways"', "steps"),
        ('title = "t"\n[[steps]]\ndo = "pull"\nspeed = 3', "unknown field `speed`"),
        ('title = "t"\n[[steps]]\ndo = "look"\nwhere = [{ at = "a" }]', "either api or lab"),
    ],
)
def test_mistakes_are_named_with_their_file(path: Path, text: str, complaint: str) -> None:
    path.write_text(text)
    with pytest.raises(ConfigError, match=complaint) as refused:
        load_scenario(path)
    assert str(path) in refused.value.detail


def test_a_file_that_is_not_there_is_named(path: Path) -> None:
    with pytest.raises(ConfigError, match=r"scenario\.toml"):
        load_scenario(path)
