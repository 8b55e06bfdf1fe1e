"""Who may do what (GW-ACC)."""

from __future__ import annotations

from visitbridge.errors.base import Retry, VisitBridgeError


class AccessError(VisitBridgeError):
    """Who may do what."""

    code = "GW-ACC-00"


class NotPaired(AccessError):
    """The phone has no session with this box."""

    code = "GW-ACC-01"


class PhoneRemoved(NotPaired):
    """The phone was paired, and somebody removed it: its browser is told to forget what it holds of this box."""

    code = "GW-ACC-17"


class StaffRequired(AccessError):
    """Needs a signed-in health professional (F06)."""

    code = "GW-ACC-02"


class StaffExpired(AccessError):
    """The staff session is over (F05); what was typed is kept."""

    code = "GW-ACC-03"


class RightMissing(AccessError):
    """The person lacks the service code; ``params['right']`` (A08)."""

    code = "GW-ACC-04"


class HostRefused(AccessError):
    """The Host header names no address of this box."""

    code = "GW-ACC-05"


class OriginRefused(AccessError):
    """A write that does not come from this box's own pages."""

    code = "GW-ACC-06"


class PairingRefused(AccessError):
    """The pairing token is used, expired or unknown."""

    code = "GW-ACC-07"


class TooManyTries(AccessError):
    """Rate limit; ``params['wait_s']``."""

    code = "GW-ACC-08"
    default_retry = Retry.LATER


class RoleMissing(AccessError):
    """The phone's role does not reach; ``params['role']`` is the one that would (A03)."""

    code = "GW-ACC-09"


class PhoneLocked(AccessError):
    """Nobody touched the phone for a while; what was typed is kept."""

    code = "GW-ACC-10"


class PhoneOver(AccessError):
    """The phone's 12 hours have run; what was typed is kept."""

    code = "GW-ACC-11"


class CodeWrong(AccessError):
    """Not the phone's unlock code, or not the pairing code; ``params['tries_left']``."""

    code = "GW-ACC-12"


class CodeBlocked(AccessError):
    """The phone has no unlock code, or it was wrong too often."""

    code = "GW-ACC-13"


class TrainingClosed(AccessError):
    """The phone is in the training rooms, or wants in, and they are not open."""

    code = "GW-ACC-14"


class CardInHand(AccessError):
    """A card is being read or written; going into training has to wait until that is over."""

    code = "GW-ACC-15"
    default_retry = Retry.LATER


class ProofStale(AccessError):
    """Nobody has shown card or code on this phone lately: needed for whatever decides who gets in (ASVS V7.5)."""

    code = "GW-ACC-16"


class ConsentMissing(AccessError):
    """No consent of this person holds now, or nothing was fetched under it (L06)."""

    code = "GW-ACC-20"
