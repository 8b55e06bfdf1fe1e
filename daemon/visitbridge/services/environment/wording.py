"""The report in words: for the terminal, in the same words that the page shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from visitbridge.services.environment.report import Check, EnvironmentReport


def describe(report: EnvironmentReport, texts: Mapping[str, str]) -> Iterator[str]:
    """One line per item: state, name, what was found, and what to do where there is something to do."""
    for check in report.items:
        state = texts[f"environment.state.{check.state}"]
        name = texts[f"environment.item.{check.item}"]
        what, now = words_of(check, texts)
        yield f"[{state}] {name}: {what}"
        if now:
            yield f"    → {now}"


def words_of(check: Check, texts: Mapping[str, str]) -> tuple[str, str]:
    """What was found and what to do; the latter empty when there is nothing to do."""
    base = f"environment.{check.item}.{check.code}"
    return texts[f"{base}.what"].format_map(check.params), texts.get(f"{base}.now", "")
