"""A report in words: what was tried, how it went, and what to do."""

from __future__ import annotations

from collections.abc import Iterator

from vbtools.selftest.model import Finding, Outcome, Report
from visitbridge.words import Catalogue


class Line:
    """One finding in words. ``advice`` is empty for what passed."""

    def __init__(self, probe: str, outcome: str, advice: str, facts: str) -> None:
        self.probe, self.outcome, self.advice, self.facts = probe, outcome, advice, facts


def describe(report: Report, catalogue: Catalogue, language: str) -> Iterator[Line]:
    texts = catalogue.texts(language)
    for finding in report.findings:
        outcome = Outcome.BAD if report.counts_as_failure(finding) else finding.outcome
        yield Line(
            probe=texts[f"tools.selftest.probe.{finding.probe}"],
            outcome=texts[f"tools.selftest.outcome.{outcome}"],
            advice=_advice(finding, catalogue, language),
            facts=_facts(finding, texts["tools.selftest.virtual"]),
        )


def verdict(report: Report, catalogue: Catalogue, language: str) -> str:
    """Good or not, and what nothing was there to try of."""
    texts = catalogue.texts(language)
    text = texts["tools.selftest.passed" if report.passed else "tools.selftest.failed"]
    absent = [
        texts[f"tools.selftest.probe.{finding.probe}"]
        for finding in report.findings
        if finding.outcome is Outcome.ABSENT and not report.counts_as_failure(finding)
    ]
    not_tried = texts["tools.selftest.not_tried"].format(probes=texts["tools.selftest.comma"].join(absent))
    return f"{text} {not_tried}" if absent else text


def _advice(finding: Finding, catalogue: Catalogue, language: str) -> str:
    if finding.reason.startswith("GW-"):
        words = catalogue.error(language, finding.reason, {})
        return f"{words.what} {words.now} ({finding.reason})"
    return catalogue.texts(language)[f"tools.selftest.reason.{finding.reason}"] if finding.reason else ""


def _facts(finding: Finding, virtual: str) -> str:
    told = [f"{name} {value}" for name, value in finding.facts.items()]
    return " · ".join([virtual, *told] if finding.virtual else told)
