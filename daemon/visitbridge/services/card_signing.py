"""What a health-professional card signs for the box itself, after its PIN: the secret that opens a locked box.

Stand-in: the commands are those of the test realm's card (``protocols.nhi.hpc``); the real card's are not public. A card
whose signature differs from one time to the next cannot do this, and is told so when it is registered.
"""

from __future__ import annotations

from typing import Final

from visitbridge.errors import (
    CardCannotUnlock,
    CardRefused,
    FieldInvalid,
    PinBlocked,
    PinWrong,
    WrongCardKind,
)
from visitbridge.protocols.apdu import Response, pin_tries_left
from visitbridge.protocols.conversation import Conversation
from visitbridge.protocols.nhi.hpc import (
    PIN_STATUS,
    SELECT_HPC,
    internal_authenticate,
    pin_block,
    verify_pin,
)
from visitbridge.services.cards import CardDesk

_DEADLINE_S: Final = 20.0
_SIGN_TWICE: Final = 2

FEWEST_TRIES: Final = 2
"""A locked box knows nobody: whoever stands in its Wi-Fi could type PINs, and must not get a card blocked."""


async def sign_by_card(
    desk: CardDesk, reader_id: str, pin: bytearray, challenge: bytes, *, is_known: bool
) -> bytes:
    """The card's signature of ``challenge`` (32 bytes). ``pin`` (ASCII digits) is wiped in every case.

    ``is_known`` False: the caller is a stranger, so the card is asked only while it has :data:`FEWEST_TRIES`. Raises
    FieldInvalid (``pin``), PinWrong (``tries_left``), PinBlocked, CardAbsent, CardMute, CardBeingRead,
    WrongCardKind, CardCannotUnlock, and what reader and card raise.
    """
    try:
        if not (4 <= len(pin) <= 8 and pin.isdigit()):
            raise FieldInvalid("a PIN has 4 to 8 digits", field="pin")
        desk.require_hpc(reader_id)
        reader = desk.reader(reader_id)
        async with reader.open_session("unlock", deadline_s=_DEADLINE_S) as channel:
            fewest = 1 if is_known else FEWEST_TRIES
            return await channel.converse(_talk(pin, challenge, fewest), deadline_s=_DEADLINE_S)
    finally:
        pin[:] = bytes(len(pin))


def _talk(pin: bytearray, challenge: bytes, fewest: int) -> Conversation[bytes]:
    if not Response.decode((yield SELECT_HPC)).is_ok:
        raise WrongCardKind("needs a health-professional card")
    left = pin_tries_left(Response.decode((yield PIN_STATUS)).sw)
    if left == 0:
        raise PinBlocked
    if left is not None and left < fewest:
        raise CardCannotUnlock("too few tries left for a stranger")
    verified = Response.decode((yield verify_pin(pin_block(bytes(pin))).encode()))
    if not verified.is_ok:
        left = pin_tries_left(verified.sw)
        raise PinBlocked if left == 0 else PinWrong(params={} if left is None else {"tries_left": left})
    signatures = []
    for _ in range(_SIGN_TWICE):
        answer = Response.decode((yield internal_authenticate(challenge).encode()))
        if not answer.is_ok:
            raise CardRefused(f"the card answered {answer.sw_hex}")
        signatures.append(answer.data)
    if len(set(signatures)) != 1:
        raise CardCannotUnlock("the card never signs alike")
    return signatures[0]
