from __future__ import annotations

from pathlib import Path

import msgspec

from visitbridge.config import Config, reference

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


def test_the_page_is_what_the_types_say() -> None:
    """Make it anew with ``visitbridge config reference > docs/configuration.md``."""
    assert PAGE.read_text("utf-8") == reference()


def test_every_key_is_explained() -> None:
    lines = reference().splitlines()
    keys = [
        key.name for section in msgspec.structs.fields(Config) for key in msgspec.structs.fields(section.type)
    ]

    rows = [line for line in lines if line.startswith("| `")]

    assert [row.split("`")[1] for row in rows] == keys
    assert [row for row in rows if row.endswith("|  |")] == []
