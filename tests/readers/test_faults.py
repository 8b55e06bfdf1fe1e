"""A card pulled or a reader unplugged at every command of a stay in which it is written to (Y03; issue 5, Faults).

The full form, every loss at every command on the real pcscd too, is ``./dev readers faults``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.readers.faults import Loss, run_cases
from tests.readers.stand import RACKS, open_stand


@pytest.mark.parametrize("loss", Loss)
async def test_Y02_Y03_a_loss_at_any_command_leaves_doubt_where_it_must_and_one_effect(
    tmp_path: Path, loss: Loss
) -> None:
    async with open_stand(tmp_path, RACKS["in process"]) as stand:
        outcomes = {case: wrong async for case, wrong in run_cases(stand, (loss,), every=1)}
    assert [case.nth for case in outcomes] == list(range(1, len(outcomes) + 1))
    # SELECT and GET DATA, then the writing of visit and prescription: a stay shorter than that proves nothing.
    assert len(outcomes) > 20
    assert {case: wrong for case, wrong in outcomes.items() if wrong} == {}


async def test_a_sample_of_losses_on_a_real_pcscd(tmp_path: Path) -> None:
    async with open_stand(tmp_path, RACKS["pcscd"]) as stand:
        outcomes = {case: wrong async for case, wrong in run_cases(stand, tuple(Loss), every=3)}
    assert {case.loss for case in outcomes} == set(Loss)
    assert {case: wrong for case, wrong in outcomes.items() if wrong} == {}
