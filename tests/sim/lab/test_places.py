from __future__ import annotations

from pathlib import Path

import pytest

from visitbridge.errors import ConfigError
from visitbridge.sim.lab.places import held_places


def test_folders_are_made_for_their_owner_only(tmp_path: Path) -> None:
    with held_places(tmp_path / "lab") as places:
        made = [places.cards, places.portal, places.logs, places.box / "state"]
        assert [folder.stat().st_mode & 0o777 for folder in made] == [0o700] * 4


def test_a_second_lab_in_the_folder_is_refused_until_the_first_ends(tmp_path: Path) -> None:
    with held_places(tmp_path), pytest.raises(ConfigError, match="already runs"), held_places(tmp_path):
        pass
    with held_places(tmp_path):
        pass


def test_what_a_killed_lab_left_is_cleared(tmp_path: Path) -> None:
    (tmp_path / "lab.sock").touch()
    with held_places(tmp_path) as places:
        assert not places.control.exists()


def test_a_path_too_long_for_a_socket_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="too long"), held_places(tmp_path / ("x" * 100)):
        pass
