"""One place where errors become HTTP answers with words."""

from __future__ import annotations

import msgspec
from aiohttp import web

from visitbridge import errors
from visitbridge.errors import Rejected, VisitBridgeError
from visitbridge.words import Catalogue, ErrorWords

_STATUS: tuple[tuple[type[VisitBridgeError], int], ...] = (
    (errors.NotPaired, 401),
    (errors.TooManyTries, 429),
    (errors.HostRefused, 421),
    (errors.TrainingClosed, 409),
    (errors.CardInHand, 409),
    (errors.AccessError, 403),
    (errors.MalformedBody, 400),
    (errors.FieldInvalid, 422),
    (errors.UnknownCode, 422),
    (errors.BodyTooLarge, 413),
    (errors.NotFound, 404),
    (errors.MethodRefused, 405),
    (errors.StaleRevision, 409),
    (errors.ClockUntrusted, 409),
    (errors.DraftHeld, 409),
    (errors.VisitClosed, 409),
    (errors.JobNotMovable, 409),
    (errors.RequestError, 400),
    (errors.CardError, 409),
    (errors.ReaderBusy, 409),
    (errors.BluetoothUnavailable, 409),
    (errors.SwitchOffRefused, 409),
    (errors.DeviceError, 503),
    (errors.LinkError, 503),
    (errors.Rejected, 422),
    (errors.DataCentreBusy, 503),
    (errors.NotBound, 409),
    (errors.SamNotVerified, 409),
    (errors.DeviceDisabled, 403),
    (errors.StaffTokenRefused, 403),
    (errors.BindRefused, 403),
    (errors.DataCentreError, 502),
    (errors.StoreFull, 507),
    (errors.BoxLocked, 423),
    (errors.BoxErased, 410),
    (errors.UnlockRefused, 403),
    (errors.CardCannotUnlock, 409),
    (errors.WorkUnsent, 409),
    (errors.StoreError, 503),
    (errors.LastRoot, 409),
    (errors.CertificateError, 422),
    (errors.ConfigError, 500),
    (VisitBridgeError, 500),
)


_FORGET = (errors.PhoneRemoved, errors.BoxErased)
"""After these a browser has nothing of this box to keep, unsaved text included (W3C Clear Site Data)."""


class ErrorDetail(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``field`` names the input at fault (``orders[2].days``); ``verbatim`` is the insurer's own text."""

    code: str
    retry: str
    words: ErrorWords
    params: dict[str, str | int]
    field: str = ""
    verbatim: str = ""


class ErrorAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Body of every answer from 400 up."""

    error: ErrorDetail


def status_of(error: VisitBridgeError) -> int:
    return next(status for kind, status in _STATUS if isinstance(error, kind))


def problem_response(error: VisitBridgeError, words: Catalogue, language: str) -> web.Response:
    detail = ErrorDetail(
        code=error.code,
        retry=error.retry.value,
        words=words.error(language, error.code, error.params),
        params=error.params,
        field=error.field or "",
        verbatim=error.words if isinstance(error, Rejected) else "",
    )
    headers = {"Content-Language": language}
    if isinstance(error, _FORGET):
        headers["Clear-Site-Data"] = '"cache", "cookies", "storage"'
    wait_s = _wait_s(error)
    if wait_s is not None:
        headers["Retry-After"] = str(wait_s)
    return web.Response(
        status=status_of(error),
        body=msgspec.json.encode(ErrorAnswer(error=detail)),
        content_type="application/json",
        headers=headers,
    )


def _wait_s(error: VisitBridgeError) -> int | None:
    """Whole seconds to wait, rounded up, where the error names them."""
    if isinstance(error, errors.DataCentreBusy) and error.retry_after_s is not None:
        return max(1, -int(-error.retry_after_s // 1))
    wait_s = error.params.get("wait_s")
    return wait_s if isinstance(wait_s, int) else None
