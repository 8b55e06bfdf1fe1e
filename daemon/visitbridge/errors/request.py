"""What a phone sent (GW-REQ)."""

from __future__ import annotations

from visitbridge.errors.base import Retry, VisitBridgeError


class RequestError(VisitBridgeError):
    """What a phone sent."""

    code = "GW-REQ-00"


class MalformedBody(RequestError):
    """Not JSON, or JSON of the wrong shape; ``field`` says where."""

    code = "GW-REQ-01"


class FieldInvalid(RequestError):
    """A well-formed value that the rules refuse; ``field`` names it."""

    code = "GW-REQ-02"


class BodyTooLarge(RequestError):
    """Over the limit; ``params['limit_kb']``."""

    code = "GW-REQ-03"


class NotFound(RequestError):
    """No such thing on this box."""

    code = "GW-REQ-04"


class StaleRevision(RequestError):
    """Somebody else changed it meanwhile; ``params['revision']`` is the current one (Y05)."""

    code = "GW-REQ-05"


class UnknownCode(RequestError):
    """A code that is in no loaded data set; ``field`` names it."""

    code = "GW-REQ-06"


class ClockUntrusted(RequestError):
    """Needs trusted time (Y10): 時間未校正."""

    code = "GW-REQ-07"
    default_retry = Retry.LATER


class DraftHeld(RequestError):
    """Another phone is editing this draft; take-over is possible (Y05)."""

    code = "GW-REQ-08"


class MethodRefused(RequestError):
    """The address exists but does not take this HTTP method."""

    code = "GW-REQ-09"


class VisitClosed(RequestError):
    """The visit is finished or discarded, and nothing of it was sent back for correction."""

    code = "GW-REQ-10"


class JobNotMovable(RequestError):
    """The outbox item is being worked on, or is past the point where this can be done to it."""

    code = "GW-REQ-11"


class UploadUnfit(RequestError):
    """The box's own check before an upload found what would be refused; nothing was sent.

    ``words`` name the first field at fault and what is wrong with it, ``field`` is the upload's own element.
    """

    code = "GW-REQ-12"

    def __init__(self, detail: str = "", *, words: str, field: str) -> None:
        super().__init__(detail, field=field)
        self.words = words


class PrescriptionEmpty(RequestError):
    """Nothing was prescribed, so there is nothing to print (O05)."""

    code = "GW-REQ-13"


class NotInBig5(RequestError):
    """A character that Big5 cannot carry, and nobody has decided what to write instead (beyond #22).

    ``params['position']`` counts characters of ``field`` from 1; ``params['character']`` is Unicode's number and name, never
    the text around it.
    """

    code = "GW-REQ-14"

    def __init__(self, *, field: str, position: int, character: str) -> None:
        super().__init__(field=field, params={"position": position, "character": character})
