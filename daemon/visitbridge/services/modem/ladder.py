"""The recovery ladder: which rung is due for what is wrong, and when (beyond #16). Pure; the caller climbs."""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection, Mapping

import msgspec

from visitbridge.domain.modem import ModemState


class Rung(enum.IntEnum):
    """Each disturbs more than the one before: data connection, radio, modem, its USB power, the whole box."""

    REATTACH = 1
    RADIO = 2
    RESET = 3
    POWER = 4
    REBOOT = 5


class Symptom(enum.StrEnum):
    """What is wrong, as far as the modem is concerned."""

    NO_TRAFFIC = "no_traffic"
    NO_DATA = "no_data"
    NOT_REGISTERED = "not_registered"
    DENIED = "denied"
    SILENT = "silent"
    ABSENT = "absent"


STUCK: Mapping[ModemState, Symptom] = {
    ModemState.SEARCHING: Symptom.NOT_REGISTERED,
    ModemState.DENIED: Symptom.DENIED,
    ModemState.REGISTERED: Symptom.NO_DATA,
    ModemState.SILENT: Symptom.SILENT,
    ModemState.ABSENT: Symptom.ABSENT,
}
"""States that the ladder is for; in the others the modem works, or waits for a person."""

SPAN: Mapping[Symptom, tuple[Rung, Rung]] = {
    Symptom.NO_TRAFFIC: (Rung.REATTACH, Rung.POWER),
    Symptom.NO_DATA: (Rung.REATTACH, Rung.REBOOT),
    Symptom.NOT_REGISTERED: (Rung.RADIO, Rung.REBOOT),
    Symptom.DENIED: (Rung.RADIO, Rung.RESET),
    Symptom.SILENT: (Rung.RESET, Rung.REBOOT),
    Symptom.ABSENT: (Rung.POWER, Rung.REBOOT),
}
"""First and last rung that can help. A reboot does not make a data centre answer or a network admit the SIM."""


class RungRule(msgspec.Struct, frozen=True, kw_only=True):
    """``patience_s``: how long the rung gets to help before the next one. ``at_most_every_s``: rate limit."""

    patience_s: float
    at_most_every_s: float


RULES: Mapping[Rung, RungRule] = {
    Rung.REATTACH: RungRule(patience_s=45, at_most_every_s=60),
    Rung.RADIO: RungRule(patience_s=90, at_most_every_s=180),
    Rung.RESET: RungRule(patience_s=120, at_most_every_s=600),
    Rung.POWER: RungRule(patience_s=180, at_most_every_s=1800),
    Rung.REBOOT: RungRule(patience_s=600, at_most_every_s=21_600),
}

PATIENCE_S: Mapping[Symptom, float] = {
    Symptom.NO_TRAFFIC: 45,
    Symptom.NO_DATA: 30,
    Symptom.NOT_REGISTERED: 120,
    Symptom.DENIED: 60,
    Symptom.SILENT: 5,
    Symptom.ABSENT: 60,
}
"""How long a symptom lasts before anything is done about it."""

MOST_ROUNDS_DOUBLED = 3


class LadderPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """``healthy_s`` of health bring the ladder back to its foot."""

    rules: Mapping[Rung, RungRule] = msgspec.field(default_factory=lambda: RULES)
    patience_s: Mapping[Symptom, float] = msgspec.field(default_factory=lambda: PATIENCE_S)
    healthy_s: float = 300.0
    jitter_share: float = 0.25


def paced(policy: LadderPolicy, pace: float) -> LadderPolicy:
    """The same ladder with every time multiplied by ``pace``."""
    return LadderPolicy(
        rules={
            rung: RungRule(patience_s=rule.patience_s * pace, at_most_every_s=rule.at_most_every_s * pace)
            for rung, rule in policy.rules.items()
        },
        patience_s={symptom: seconds * pace for symptom, seconds in policy.patience_s.items()},
        healthy_s=policy.healthy_s * pace,
        jitter_share=policy.jitter_share,
    )


class Ladder:
    """``available``: the rungs this box has. ``jitter`` returns a factor in [0, 1)."""

    def __init__(
        self, policy: LadderPolicy, available: Collection[Rung], *, jitter: Callable[[], float]
    ) -> None:
        self._policy = policy
        self._available = sorted(available)
        self._jitter = jitter
        self._climbed_at_s: dict[Rung, float] = {}
        self._rung: Rung | None = None
        self._symptom: Symptom | None = None
        self._due_at_s = 0.0
        self._round = 0
        self._healthy_since_s: float | None = None

    @property
    def rung(self) -> Rung | None:
        """The last one climbed since the modem was last healthy."""
        return self._rung

    def remember(self, rung: Rung, at_s: float) -> None:
        """A climb from before this process started, for the rate limit."""
        self._climbed_at_s[rung] = at_s

    def note_healthy(self, now_s: float) -> None:
        self._symptom = None
        if self._healthy_since_s is None:
            self._healthy_since_s = now_s
        if now_s - self._healthy_since_s >= self._policy.healthy_s:
            self._rung = None
            self._round = 0

    def due(self, symptom: Symptom, now_s: float, *, spare_box: bool = False) -> Rung | None:
        """The rung to climb now, or None: not yet (:meth:`due_at_s` says when).

        ``spare_box``: another uplink carries, so the box itself is left running; rounds go on below that.
        """
        self._healthy_since_s = None
        if self._symptom is None:
            self._due_at_s = max(
                self._due_at_s if self._rung is not None else 0.0,
                now_s + self._spread(self._policy.patience_s[symptom]),
            )
        self._symptom = symptom
        rung = self._next(symptom, now_s, spare_box=spare_box)
        if rung is None or now_s < max(self._due_at_s, self._allowed_at_s(rung)):
            return None
        return rung

    def due_at_s(self, symptom: Symptom, now_s: float) -> float | None:
        """When the next rung for ``symptom`` is due; None when this box has none for it."""
        rung = self._next(symptom, now_s)
        return None if rung is None else max(self._due_at_s, self._allowed_at_s(rung))

    def climbed(self, rung: Rung, now_s: float) -> None:
        if self._rung is not None and rung <= self._rung:
            self._round += 1
        self._climbed_at_s[rung] = now_s
        self._rung = rung
        self._due_at_s = now_s + self._spread(
            self._policy.rules[rung].patience_s * 2.0 ** min(self._round, MOST_ROUNDS_DOUBLED)
        )

    def _next(self, symptom: Symptom, now_s: float, *, spare_box: bool = False) -> Rung | None:
        """One above the last, or the first again (a new round, more patient) above the top."""
        first, last = SPAN[symptom]
        usable = [
            rung
            for rung in self._available
            if first <= rung <= last and not (spare_box and rung is Rung.REBOOT)
        ]
        if not usable:
            return None
        above = [rung for rung in usable if self._rung is None or rung > self._rung]
        if above and not (len(usable) > 1 and self._top_is_limited(above[0], usable, now_s)):
            return above[0]
        return usable[0]

    def _top_is_limited(self, rung: Rung, usable: list[Rung], now_s: float) -> bool:
        """The top rung is not waited for when its limit is far away: the round starts again below it."""
        far_s = self._policy.rules[rung].patience_s
        return rung == usable[-1] and self._allowed_at_s(rung) - max(now_s, self._due_at_s) > far_s

    def _allowed_at_s(self, rung: Rung) -> float:
        climbed = self._climbed_at_s.get(rung)
        return 0.0 if climbed is None else climbed + self._policy.rules[rung].at_most_every_s

    def _spread(self, seconds: float) -> float:
        return seconds * (1.0 + self._policy.jitter_share * self._jitter())
