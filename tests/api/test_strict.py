from __future__ import annotations

from typing import Any

import msgspec
import pytest

from visitbridge.api.resources.visits import SaveContent
from visitbridge.api.strict import unknown_key


class Leaf(msgspec.Struct, frozen=True):
    code: str = ""


class Tree(msgspec.Struct, frozen=True):
    leaf: Leaf = Leaf()
    maybe: Leaf | None = None
    many: tuple[Leaf, ...] = ()
    by_name: dict[str, Leaf] = {}
    plain: dict[str, Any] = {}


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ("{}", None),
        ('{"leaf": {"code": "x"}, "maybe": null, "many": [{"code": "y"}]}', None),
        ('{"plain": {"anything": {"goes": 1}}, "by_name": {"any name": {"code": ""}}}', None),
        ('{"leef": {}}', "leef"),
        ('{"leaf": {"cod": "x"}}', "leaf.cod"),
        ('{"maybe": {"cod": "x"}}', "maybe.cod"),
        ('{"many": [{"code": "x"}, {"cod": "y"}]}', "many[1].cod"),
        ('{"by_name": {"a": {"cod": 1}}}', "by_name.a.cod"),
    ],
)
def test_a_key_that_no_type_knows_is_found_where_it_is(body: str, path: str | None) -> None:
    msgspec.json.decode(body, type=Tree)

    assert unknown_key(Tree, body.encode()) == path


def test_a_misspelt_field_of_a_visit_is_not_dropped_silently() -> None:
    body = b'{"revision": 1, "content": {"subjectiv": "cough", "orders": []}}'
    msgspec.json.decode(body, type=SaveContent)

    assert unknown_key(SaveContent, body) == "content.subjectiv"
