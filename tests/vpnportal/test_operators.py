"""Links, sessions and acts of the office."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.vpnportal.samples import NOW
from visitbridge.domain.people import Institution
from visitbridge.errors import FieldInvalid
from vpnportal import operators
from vpnportal.database import Database, open_database
from vpnportal.devices import add_institution
from vpnportal.operators import LINK_LASTS, SESSION_LASTS, Operator
from vpnportal.schema import office_acts, office_links, office_sessions

WANG = Operator(who="王管理員", institution="9999999995")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database(f"sqlite:///{tmp_path}/portal.db") as opened:
        opened.transact(lambda c: add_institution(c, Institution(code="9999999995", name="示範")))
        yield opened


def link(database: Database) -> str:
    return database.transact(lambda connection: operators.make_link(connection, WANG, NOW))


def enter(database: Database, token: str, after: dt.timedelta = dt.timedelta()) -> str | None:
    return database.transact(lambda connection: operators.enter(connection, token, NOW + after))


def who(database: Database, session: str, after: dt.timedelta = dt.timedelta()) -> Operator | None:
    return database.transact(lambda connection: operators.find_operator(connection, session, NOW + after))


def test_a_link_opens_one_session_of_its_person(database: Database) -> None:
    token = link(database)
    session = enter(database, token)
    assert session is not None
    assert who(database, session) == WANG
    assert enter(database, token) is None, "a link is good once"


@pytest.mark.parametrize(
    ("after", "good"), [(LINK_LASTS - dt.timedelta(seconds=1), True), (LINK_LASTS, False)]
)
def test_a_link_is_good_for_ten_minutes(database: Database, after: dt.timedelta, good: bool) -> None:
    assert (enter(database, link(database), after) is not None) is good


@pytest.mark.parametrize("token", ["", "nobody", "x" * 500])
def test_a_made_up_link_or_session_is_nobodys(database: Database, token: str) -> None:
    assert enter(database, token) is None
    assert who(database, token) is None


def test_a_session_ends_after_eight_hours_or_by_leaving(database: Database) -> None:
    session = enter(database, link(database)) or ""
    assert who(database, session, SESSION_LASTS - dt.timedelta(seconds=1)) == WANG
    assert who(database, session, SESSION_LASTS) is None
    database.transact(lambda connection: operators.leave(connection, session, NOW))
    assert who(database, session) is None


def test_neither_link_nor_session_can_be_read_from_the_database(database: Database) -> None:
    token = link(database)
    session = enter(database, token) or ""
    rows = database.transact(
        lambda c: [str(row) for table in (office_links, office_sessions) for row in c.execute(select(table))]
    )
    assert len(rows) == 2
    assert not [row for row in rows if token in row or session in row]


@pytest.mark.parametrize(
    ("operator", "field"),
    [
        (Operator(who=" ", institution=None), "name"),
        (Operator(who="王" * 81, institution=None), "name"),
        (Operator(who="王", institution="9999999994"), "institution"),
    ],
)
def test_links_are_for_named_people_of_known_institutions(
    database: Database, operator: Operator, field: str
) -> None:
    with pytest.raises(FieldInvalid) as caught:
        database.transact(lambda connection: operators.make_link(connection, operator, NOW))
    assert caught.value.field == field


def test_signing_in_is_written_down(database: Database) -> None:
    enter(database, link(database))
    acts = database.transact(lambda c: c.execute(select(office_acts.c.who, office_acts.c.act)).all())
    assert [tuple(act) for act in acts] == [("王管理員", "sign-in")]
