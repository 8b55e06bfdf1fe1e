from __future__ import annotations

import logging

import pytest

from visitbridge.adapters.logs import ConsoleFormatter


def record(message: str, *args: object, **fields: object) -> logging.LogRecord:
    made = logging.LogRecord("visitbridge.link", logging.INFO, "x.py", 1, message, args, None)
    made.created = 1795309200.25
    made.fields = fields
    return made


@pytest.mark.parametrize(
    ("made", "line"),
    [
        (record("link %s", "good"), "2026-11-22T01:00:00.250+00:00 info    visitbridge.link: link good"),
        (
            record("request", route="/api/visits/{visit_id}", ms=1.5),
            "2026-11-22T01:00:00.250+00:00 info    visitbridge.link: request route=/api/visits/{visit_id} ms=1.5",
        ),
        (
            record("two\nlines", reason="a b", empty="", forged="x\ny"),
            '2026-11-22T01:00:00.250+00:00 info    visitbridge.link: two lines reason="a b" empty="" forged="x\\ny"',
        ),
    ],
    ids=["plain", "fields", "quoted"],
)
def test_a_record_is_one_line(made: logging.LogRecord, line: str) -> None:
    assert ConsoleFormatter().format(made) == line
