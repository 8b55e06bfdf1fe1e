"""What the bundle keeps of a log record: words of the source and allowed fields, never a value that could be anybody's."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping

import pytest

from visitbridge.adapters.logs.recent import KEPT, RecentLogs, open_recent_logs

LOG = logging.getLogger("visitbridge.somewhere")


@pytest.fixture
def recent() -> Iterator[RecentLogs]:
    LOG.setLevel(logging.DEBUG)
    with open_recent_logs() as handler:
        yield handler


def test_the_values_of_a_message_are_dropped_and_codes_kept(recent: RecentLogs) -> None:
    LOG.warning("card of %s refused: %s", "王大明 A123456788", "GW-CRD-08 6A82")

    (line,) = recent.lines()
    assert (line.text, line.codes, line.level) == ("card of %s refused: %s", ("GW-CRD-08",), "warning")
    assert "王" not in repr(line)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"status": 200}, {"status": 200}),
        ({"status": 900000000001}, {}),
        ({"status": True}, {"status": True}),
        ({"patient": "王大明"}, {}),
        ({"error": "KeyError", "place": "f.g:12"}, {"error": "KeyError", "place": "f.g:12"}),
        ({"error": "王大明"}, {}),
        ({"route": "/api/visits/{visit_id}"}, {"route": "/api/visits/{visit_id}"}),
        ({"route": "/api/visits/A123456788"}, {}),
        ({"version": "0.1.0"}, {"version": "0.1.0"}),
        ({"method": "GET", "who": "x"}, {"method": "GET"}),
    ],
)
def test_only_named_fields_of_the_right_form_are_kept(
    recent: RecentLogs, given: Mapping[str, object], kept: Mapping[str, object]
) -> None:
    LOG.info("request", extra={"fields": given})

    assert recent.lines()[0].fields == kept


def test_other_peoples_loggers_are_left_out(recent: RecentLogs) -> None:
    logging.getLogger("aiohttp.server").warning("Host: 王大明")

    assert recent.lines() == ()


def test_a_traceback_is_left_out(recent: RecentLogs) -> None:
    try:
        raise ValueError("王大明")
    except ValueError:
        LOG.exception("failed")

    assert "王" not in repr(recent.lines())


def test_the_newest_are_kept(recent: RecentLogs) -> None:
    for _ in range(KEPT + 5):
        LOG.info("again")
    LOG.info("last")

    assert len(recent.lines()) == KEPT
    assert recent.lines()[-1].text == "last"


def test_nothing_listens_after_the_end() -> None:
    with open_recent_logs() as handler:
        pass
    LOG.error("later")

    assert handler.lines() == ()
