"""One paired phone's session: how long it still lasts, and whether the cookie that it shows is the present one."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import msgspec

from visitbridge.domain.phones import PhoneState
from visitbridge.ports.clock import Clock
from visitbridge.ports.records import PairedPhone, PhoneSessionRow
from visitbridge.services.countdown import begin, kept, left_s, settled


class PhoneLimits(msgspec.Struct, frozen=True, kw_only=True):
    """``idle_s``: without a person at the phone, until it locks. ``whole_s``: the longest session. ``proof_s``: how long
    card or code count for what decides who gets in.
    """

    idle_s: float = 900.0
    whole_s: float = 43_200.0
    proof_s: float = 600.0


@dataclass(slots=True)
class KnownPhone:
    """``touched_s``: when its use was last stored. ``grace_ends_s``: until when the former cookie still counts.
    ``proof_ends_s``: until when the card or code that was shown here counts; a restart of the box ends it. ``code_turn``:
    codes are tried one after the other, so that each guess finds the one before it counted.
    """

    phone: PairedPhone
    row: PhoneSessionRow
    touched_s: float
    grace_ends_s: float = 0.0
    proof_ends_s: float = 0.0
    code_turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def state(self, token_hash: str, clock: Clock) -> PhoneState:
        """For whoever shows the cookie with this hash, the present or the former one."""
        self.row = msgspec.structs.replace(
            self.row, whole=settled(self.row.whole, clock), idle=settled(self.row.idle, clock)
        )
        if self.row.whole is None:
            return PhoneState.OVER
        if token_hash == self.row.former_hash and clock.monotonic() >= self.grace_ends_s:
            return PhoneState.LOCKED
        running = left_s(self.row.whole, clock) and left_s(self.row.idle, clock)
        return PhoneState.OPEN if running else PhoneState.LOCKED

    def keep(self, clock: Clock) -> None:
        """Take down what is left, to be stored."""
        self.touched_s = clock.monotonic()
        self.row = msgspec.structs.replace(
            self.row, whole=kept(self.row.whole, clock), idle=kept(self.row.idle, clock)
        )


def fresh(row: PhoneSessionRow, clock: Clock, limits: PhoneLimits) -> PhoneSessionRow:
    """``row`` with both limits from now on."""
    return msgspec.structs.replace(row, whole=begin(clock, limits.whole_s), idle=begin(clock, limits.idle_s))
