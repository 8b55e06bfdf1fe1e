"""A certificate, chain or key that cannot be used (GW-CRT).

``field`` names the input at fault; ``params`` carry dates and host names, which are nobody's personal data.
"""

from __future__ import annotations

from visitbridge.errors.base import VisitBridgeError


class CertificateError(VisitBridgeError):
    """A certificate that cannot be used; what was in use before stays in use."""

    code = "GW-CRT-00"


class CertificateUnreadable(CertificateError):
    """No PEM certificate, or no private key, where one was expected."""

    code = "GW-CRT-01"


class KeyMismatch(CertificateError):
    """The private key does not belong to the certificate."""

    code = "GW-CRT-02"


class NameMissing(CertificateError):
    """The certificate is not for ``params['name']``, a name or address that has to be covered."""

    code = "GW-CRT-03"


class OutsideValidity(CertificateError):
    """Not yet or no longer valid; ``params['begins']`` and ``params['ends']`` are dates (YYYY-MM-DD, UTC)."""

    code = "GW-CRT-04"


class ChainBroken(CertificateError):
    """A certificate of the chain is not signed by the next one, or by something that may not sign it."""

    code = "GW-CRT-05"


class NotAnAuthority(CertificateError):
    """A root was expected, and this certificate may not sign others (RFC 5280 §4.2.1.9)."""

    code = "GW-CRT-06"


class IssueRefused(CertificateError):
    """The authority may not or must not sign this: a name outside its constraints, or a life that phones refuse."""

    code = "GW-CRT-07"


class LastRoot(CertificateError):
    """The only root that is trusted cannot be removed: the box would reach no data centre any more."""

    code = "GW-CRT-08"
