"""What a PC/SC result code means for whoever asked: before anything was sent to the card, and after."""

from __future__ import annotations

from visitbridge.adapters.pcsc.binding import Outcome, ScardError
from visitbridge.errors import (
    CardAbsent,
    CardMute,
    CardRemoved,
    DeviceError,
    DeviceTimeout,
    PcscUnavailable,
    ReaderBusy,
    ReaderRemoved,
    ReaderUnavailable,
    Retry,
    VisitBridgeError,
)

SERVICE_GONE = frozenset(
    {Outcome.NO_SERVICE, Outcome.COMM_ERROR, Outcome.INVALID_HANDLE, Outcome.SERVICE_STOPPED}
)
_READER_GONE = frozenset({Outcome.READER_UNAVAILABLE, Outcome.UNKNOWN_READER})
_CARD_GONE = frozenset(
    {Outcome.NO_SMARTCARD, Outcome.REMOVED_CARD, Outcome.RESET_CARD, Outcome.UNPOWERED_CARD}
)
_NO_ANSWER_TO_RESET = frozenset(
    {Outcome.UNRESPONSIVE_CARD, Outcome.UNPOWERED_CARD, Outcome.UNSUPPORTED_CARD, Outcome.PROTO_MISMATCH}
)


def while_connecting(failure: ScardError) -> VisitBridgeError:
    """Nothing was sent to the card."""
    outcome = failure.outcome
    if outcome == Outcome.SHARING_VIOLATION:
        return ReaderBusy("another program holds the card", params={"owner": "another program"})
    if outcome in {Outcome.NO_SMARTCARD, Outcome.REMOVED_CARD}:
        return CardAbsent()
    if outcome in _NO_ANSWER_TO_RESET:
        return CardMute()
    if outcome in SERVICE_GONE:
        return PcscUnavailable(str(failure))
    if outcome in _READER_GONE or outcome == Outcome.NOT_READY:
        return ReaderUnavailable(str(failure))
    return DeviceError(str(failure))


def while_transmitting(failure: ScardError, *, card_is_gone: bool) -> VisitBridgeError:
    """The command may have reached the card, so all of these are ``retry=unknown``.

    A card that lost power or was reset has forgotten its session, which for the caller is the same as a
    card that was pulled.
    """
    outcome = failure.outcome
    if outcome in SERVICE_GONE:
        return PcscUnavailable(str(failure), retry=Retry.UNKNOWN)
    if outcome in _READER_GONE:
        return ReaderRemoved(str(failure))
    if outcome in _CARD_GONE or card_is_gone:
        return CardRemoved(str(failure))
    return DeviceTimeout(str(failure))


def while_resetting(failure: ScardError, *, slot_is_empty: bool) -> VisitBridgeError:
    """Every command before was answered; the card has forgotten its session."""
    if failure.outcome == Outcome.SHARING_VIOLATION:
        return while_connecting(failure)
    if failure.outcome in _NO_ANSWER_TO_RESET and not slot_is_empty:
        return CardMute(str(failure))
    return while_transmitting(failure, card_is_gone=slot_is_empty)
