"""Statements are compiled when they are first run. One that cannot be must not wait for that."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping

import pytest

from visitbridge.adapters import store
from visitbridge.adapters.store import catalogue
from visitbridge.adapters.store.session import Statement


def statements_in(name: str, value: object) -> Iterator[tuple[str, Statement]]:
    match value:
        case Statement():
            yield name, value
        case Mapping():
            for key, each in value.items():
                yield from statements_in(f"{name}[{key}]", each)
        case tuple() | list():
            for number, each in enumerate(value):
                yield from statements_in(f"{name}[{number}]", each)


STATEMENTS = {
    name: statement
    for package in (store, catalogue)
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")
    for variable, value in vars(importlib.import_module(module.name)).items()
    if not variable.startswith("__")
    for name, statement in statements_in(f"{module.name}.{variable}", value)
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_every_statement_can_be_compiled(name: str) -> None:
    words = STATEMENTS[name].sql.split()

    assert words[0] in {"SELECT", "WITH", "INSERT", "UPDATE", "DELETE"}
    assert STATEMENTS[name].writes is (words[0] in {"INSERT", "UPDATE", "DELETE"})
