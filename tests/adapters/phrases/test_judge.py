"""Pass-phrases judged by the real worker: its verdict, its limits, and nothing of the phrase in the daemon's log."""

from __future__ import annotations

import sys

import pytest

from visitbridge.adapters.keys.ring import EASY_WORDS, LONGEST_PHRASE
from visitbridge.adapters.phrases import WorkerJudge
from visitbridge.errors import FieldInvalid
from visitbridge.protocols.guessing import LONGEST

LONG_ONE = ("窗外的柚子樹開了三朵白花 eleven blue umbrellas by the quiet harbour; " * 3)[:LONGEST_PHRASE]


@pytest.mark.parametrize("phrase", ["password1234", *(f"{word}1234" for word in EASY_WORDS[:2])])
async def test_V6_2_4_a_common_one_is_refused(phrase: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(FieldInvalid) as refused:
        await WorkerJudge().require_hard(phrase)

    assert (refused.value.field, refused.value.params) == ("phrase", {"rule": "guessed_soon"})
    assert phrase not in caplog.text + str(refused.value)


@pytest.mark.parametrize("phrase", ["eleven blue umbrellas", "窗外的柚子樹開了三朵白花", LONG_ONE])
async def test_a_good_one_is_taken(phrase: str) -> None:
    await WorkerJudge().require_hard(phrase)


async def test_one_that_nobody_judged_is_not_taken() -> None:
    with pytest.raises(RuntimeError, match="did not judge"):
        await WorkerJudge(deadline_s=0.001).require_hard("eleven blue umbrellas")


async def test_the_daemon_never_holds_the_dictionaries() -> None:
    loaded = "zxcvbn" in sys.modules
    await WorkerJudge().require_hard("eleven blue umbrellas")

    assert ("zxcvbn" in sys.modules) is loaded


def test_every_phrase_that_the_ring_takes_is_judged_whole() -> None:
    assert LONGEST_PHRASE <= LONGEST
