"""Running one script of the data centre on a card: APDUs in order, stop at the first unexpected status word."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from visitbridge.errors import DataCentreGarbled, PinBlocked, PinWrong
from visitbridge.ports.card_channel import CardChannel
from visitbridge.protocols.apdu import Response, pin_tries_left
from visitbridge.protocols.conversation import Conversation
from visitbridge.protocols.datacentre.cards import BatchAnswers, Script, ScriptStep

_HEADER_LENGTH = 5
_VERIFY = 0x20
"""ISO/IEC 7816-4 §11.5.6. A card compares what it carries and never gives it back; what is written could be read again."""


class _Played(msgspec.Struct, frozen=True):
    """Answers in hexadecimal; ``as_expected``: the last one did not stop the script."""

    answers: tuple[str, ...]
    as_expected: bool


async def run_script(
    channel: CardChannel,
    script: Script,
    *,
    before_mutating: Callable[[], Awaitable[None]] | None = None,
    pin: bytearray | None = None,
) -> BatchAnswers:
    """Send the steps, collect the answers.

    ``before_mutating`` is awaited before every mutating step; without it a script with such a step is
    refused. ``pin`` is put into the step marked for it. Raises PinWrong (``tries_left``), PinBlocked, and what
    the channel raises.
    """
    answers: list[str] = []
    for span in _spans(script.steps):
        if span[0].mutating:
            if before_mutating is None:
                raise DataCentreGarbled("a mutating step in a session that may only read")
            await before_mutating()
        played = await channel.converse(_play(span, pin), deadline_s=script.deadline_s)
        answers += played.answers
        if not played.as_expected:
            return BatchAnswers(batch_id=script.batch_id, answers=tuple(answers), stopped_at=len(answers) - 1)
    return BatchAnswers(batch_id=script.batch_id, answers=tuple(answers))


def _spans(steps: Sequence[ScriptStep]) -> list[list[ScriptStep]]:
    """Steps in order, those together that need no word from the box in between: a mutating one stands alone."""
    spans: list[list[ScriptStep]] = []
    for step in steps:
        if not spans or step.mutating or spans[-1][-1].mutating:
            spans.append([])
        spans[-1].append(step)
    return spans


def _play(steps: Sequence[ScriptStep], pin: bytearray | None) -> Conversation[_Played]:
    answers: list[str] = []
    for step in steps:
        raw = yield _command(step, pin)
        answer = Response.decode(raw)
        answers.append(raw.hex().upper())
        if answer.sw_hex not in step.expect:
            if step.pin:
                raise _pin_error(answer)
            return _Played(tuple(answers), as_expected=False)
    return _Played(tuple(answers), as_expected=True)


def _command(step: ScriptStep, pin: bytearray | None) -> bytes:
    apdu = bytes.fromhex(step.apdu)
    if not step.pin:
        return apdu
    fits = len(apdu) > _HEADER_LENGTH and len(apdu) == _HEADER_LENGTH + apdu[4]
    if pin is None or not fits or apdu[1] != _VERIFY or len(pin) > apdu[4]:
        raise DataCentreGarbled("a PIN step that this box cannot fill")
    return apdu[:_HEADER_LENGTH] + bytes(pin).ljust(apdu[4], b"\xff")


def _pin_error(answer: Response) -> PinWrong | PinBlocked:
    left = pin_tries_left(answer.sw)
    if left == 0:
        return PinBlocked()
    return PinWrong(params={} if left is None else {"tries_left": left})
