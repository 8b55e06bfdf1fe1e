"""What is in an address is seen by logs and histories: no address of this API has a place for anything about a person."""

from __future__ import annotations

import msgspec
import pytest

from tests.app.test_every_route import ROUTES, name_of
from visitbridge.api.routes import AnyRoute, Route, parameters

NEVER = {"card_no", "id_no", "patient", "pin", "phrase", "token", "birth_date", "secret", "password"}


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
def test_no_address_has_a_place_for_personal_data_or_secrets(route: AnyRoute) -> None:
    names = set(parameters(route))
    queries = (
        {field.name for field in msgspec.structs.fields(route.query)} if isinstance(route, Route) else set()
    )

    assert (names | queries) & NEVER == set()
