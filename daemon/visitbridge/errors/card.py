"""The card, or which card it is (GW-CRD)."""

from __future__ import annotations

from visitbridge.errors.base import Retry, VisitBridgeError


class CardError(VisitBridgeError):
    """The card, or which card it is."""

    code = "GW-CRD-00"


class CardAbsent(CardError):
    """No card in the reader."""

    code = "GW-CRD-01"
    default_retry = Retry.LATER


class CardRemoved(CardError):
    """The card was pulled during an exchange; the last command may have acted."""

    code = "GW-CRD-02"
    default_retry = Retry.UNKNOWN


class CardMute(CardError):
    """A card is there but gives no ATR (upside down, dirty, broken)."""

    code = "GW-CRD-03"
    default_retry = Retry.LATER


class NotNhiCard(CardError):
    """The card does not hold the application that is needed."""

    code = "GW-CRD-04"


class WrongCard(CardError):
    """Another person's card; nothing was written (Y01)."""

    code = "GW-CRD-05"


class PinWrong(CardError):
    """The card refused the PIN; ``params['tries_left']`` when the card reports it."""

    code = "GW-CRD-06"


class PinBlocked(CardError):
    """The card's PIN try counter is used up."""

    code = "GW-CRD-07"


class CardRefused(CardError):
    """The card answered a status word that the script did not expect; ``params['sw']`` in hex."""

    code = "GW-CRD-08"


class WrongCardKind(CardError):
    """A health-professional card where a patient's is needed, or the reverse (D05)."""

    code = "GW-CRD-09"


class CardRealmMixed(CardError):
    """A test card against production data or the reverse (nhi-domain §1.4: mixing locks cards)."""

    code = "GW-CRD-10"


class CardBeingRead(CardError):
    """A card was put in and the box has not been able to tell yet which one it is; it goes on asking."""

    code = "GW-CRD-11"
    default_retry = Retry.LATER


class CardsSeveral(CardError):
    """Several health-professional cards are in readers, and nothing tells to which of them the PIN belongs."""

    code = "GW-CRD-12"
