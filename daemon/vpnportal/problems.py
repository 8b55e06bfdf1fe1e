"""How this program says no: one exception that carries the problem document to be answered."""

from __future__ import annotations

from typing import Literal

from visitbridge.protocols.datacentre.common import CheckFinding, Problem, ProblemCode

Retry = Literal["later", "never", "unknown"]


class Refusal(Exception):
    """A request is refused; ``problem`` is the answer. ``retry_after_s`` becomes the Retry-After header.

    The exception's text holds the code only: it may be logged.
    """

    def __init__(self, problem: Problem, *, retry_after_s: int | None = None) -> None:
        super().__init__(problem.code)
        self.problem = problem
        self.retry_after_s = retry_after_s


def refuse(
    status: int,
    code: str,
    *,
    title: str = "",
    retry: Retry = "never",
    field: str = "",
    words: str = "",
    tries_left: int | None = None,
    retry_after_s: int | None = None,
) -> Refusal:
    """Build a refusal, to be raised by the caller.

    ``code``: a public number of the insurer's or a :class:`ProblemCode`. ``title`` is English for engineers,
    ``words`` Traditional Chinese for people. Neither holds personal data.
    """
    problem = Problem(
        status=status, code=code, retry=retry, title=title, field=field, words=words, tries_left=tries_left
    )
    return Refusal(problem, retry_after_s=retry_after_s)


def malformed(title: str, *, field: str = "") -> Refusal:
    """The request does not follow the protocol: 400, never repeat."""
    return refuse(400, ProblemCode.MALFORMED, title=title, field=field, words="資料格式不符，未受理。")


def checks_failed(findings: tuple[CheckFinding, ...]) -> Refusal:
    """An upload is refused by its checks; the first finding also fills ``field`` and ``words``."""
    first = findings[0]
    return Refusal(
        Problem(
            status=422,
            code=ProblemCode.CHECKS_FAILED,
            retry="never",
            title="the upload failed its checks",
            field=first.field,
            words=first.words,
            checks=findings,
        )
    )
