"""An error as a person at a terminal should see it: code, words, and never the data of a patient."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator

from visitbridge.cli.exit_codes import EXIT_CONFIG, EXIT_SOFTWARE, EXIT_UNAVAILABLE
from visitbridge.cli.words import say_error
from visitbridge.errors import ConfigError, VisitBridgeError


def report(error: VisitBridgeError) -> int:
    print(say_error(error.code, error.params), file=sys.stderr)
    details = error.problems if isinstance(error, ConfigError) else (error.detail,)
    for detail in filter(None, details):
        print(f"  {detail}", file=sys.stderr)
    return EXIT_CONFIG if isinstance(error, ConfigError) else EXIT_UNAVAILABLE


def report_bug(error: BaseException) -> int:
    """Where it happened and what kind it is; never its message, which may hold personal data."""
    print(say_error(VisitBridgeError.code, {}), file=sys.stderr)
    for line in _traces(error):
        print(f"  {line}", file=sys.stderr)
    return EXIT_SOFTWARE


def _traces(error: BaseException) -> Iterator[str]:
    yield type(error).__qualname__
    for frame in traceback.extract_tb(error.__traceback__):
        yield f"  {frame.filename}:{frame.lineno} {frame.name}"
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    for each in (*inner, *filter(None, [error.__cause__])):
        yield from _traces(each)


def first(group: BaseExceptionGroup[VisitBridgeError]) -> VisitBridgeError:
    error = group.exceptions[0]
    return first(error) if isinstance(error, BaseExceptionGroup) else error
