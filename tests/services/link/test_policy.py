"""The hysteresis alone, against its own sentence (C05): any course of answers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from visitbridge.services.link.policy import Hysteresis, LinkPolicy

POLICY = LinkPolicy()


@given(
    events=st.lists(
        st.tuples(st.floats(min_value=0.1, max_value=60.0), st.booleans()), min_size=1, max_size=80
    )
)
def test_good_down_and_unstable_mean_what_they_say(events: list[tuple[float, bool]]) -> None:
    """C04, C05, by the numbers that the box shows."""
    health = Hysteresis(POLICY)
    now_s = 0.0
    history: list[tuple[float, bool]] = []
    for gap_s, answered in events:
        now_s += gap_s
        history.append((now_s, answered))
        before = health.state
        state = health.succeeded(now_s) if answered else health.failed(now_s, certain=False, counts=True)

        streak = _streak(history)
        failures = [at for at, ok in history if not ok]
        quiet = not failures or now_s - failures[-1] >= POLICY.unstable_window_s
        steady = len(streak) >= POLICY.good_successes and now_s - streak[0] >= POLICY.good_after_s
        if answered:
            assert (state == "good") is (steady and quiet)
            assert state != "down"
        else:
            lost = before == "down" or len(streak) >= POLICY.down_failures
            assert state == ("down" if lost else "unstable")


def _streak(history: list[tuple[float, bool]]) -> list[float]:
    """Times of the last events that all went like the very last one."""
    last = history[-1][1]
    times: list[float] = []
    for at, answered in reversed(history):
        if answered is not last:
            break
        times.insert(0, at)
    return times
