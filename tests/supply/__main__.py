"""``python -m tests.supply [--offline]``: write the bill of materials, and fail on a known vulnerability in it."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import tomllib
from pathlib import Path

from tests.supply.bill import bill_of
from tests.supply.known import STALE_AFTER_DAYS, Asked, Finding, Snapshot, ask_index, listed, read_snapshot
from tests.supply.parts import all_parts

ROOT = Path(__file__).parents[2]
BILL = Path(".artifacts/visitbridge.cdx.json")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.supply", description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout to look at")
    parser.add_argument("--offline", action="store_true", help="ask the list in the repository alone")
    options = parser.parse_args(arguments)
    project = tomllib.loads((options.root / "pyproject.toml").read_text("utf-8"))["project"]
    parts = all_parts(options.root)
    bill = options.root / BILL
    bill.parent.mkdir(exist_ok=True)
    bill.write_text(bill_of(parts, name=project["name"], version=project["version"]), "utf-8")
    say(
        f"{BILL}: {sum(part.shipped for part in parts)} parts shipped, {len(parts)} with those for development"
    )

    snapshot = read_snapshot(options.root / "docs/advisories.json")
    tell_age(snapshot, dt.datetime.now(dt.UTC).date())
    findings = {*listed(parts, snapshot)}
    if not options.offline:
        asked = ask_index(parts)
        tell_answered(asked)
        findings |= {*asked.findings}
    for finding in sorted(findings):
        tell(finding)
    return 1 if findings else 0


def tell_age(snapshot: Snapshot, today: dt.date) -> None:
    age_days = snapshot.age_days(today)
    stale = (
        f", {age_days} days old: STALE, it says nothing of what came later"
        if age_days > STALE_AFTER_DAYS
        else ""
    )
    say(f"{len(snapshot.advisories)} listed advisories as of {snapshot.as_of}{stale}")


def tell_answered(asked: Asked) -> None:
    if asked.answered == 0:
        say("the package index knows no advisories or was not reached: NOT checked there")
    elif asked.answered < asked.of:
        say(
            f"the package index answered for {asked.answered} of {asked.of} Python packages; the rest are NOT checked"
        )
    else:
        say(f"the package index answered for all {asked.of} Python packages")


def tell(finding: Finding) -> None:
    say(f"VULNERABLE {finding.package} {finding.version}: {finding.advisory}")


def say(line: str) -> None:
    sys.stderr.write(f"  {line}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
