"""The way to the data centre (GW-LNK)."""

from __future__ import annotations

from visitbridge.errors.base import Retry, VisitBridgeError


class LinkError(VisitBridgeError):
    """The way to the data centre."""

    code = "GW-LNK-00"
    default_retry = Retry.LATER


class LinkDown(LinkError):
    """The data centre cannot be reached; nothing was sent.

    ``hop``: the first one that failed, ``network``, ``dns``, ``host`` or ``data_centre``. ``heard``: something came
    back all the same (a refusal, "no such name"), so the line itself carries traffic.
    """

    code = "GW-LNK-03"

    def __init__(
        self, detail: str = "", *, hop: str = "network", heard: bool = False, retry: Retry | None = None
    ) -> None:
        super().__init__(detail, retry=retry)
        self.hop = hop
        self.heard = heard


class ReplyLost(LinkError):
    """A request left the box and no answer came back: ask by key before sending again."""

    code = "GW-LNK-04"
    default_retry = Retry.UNKNOWN


class PortalUntrusted(LinkError):
    """The data centre's certificate does not match the trust store; nothing was sent.

    ``reason``: ``root`` (signed by one that the box does not know), ``validity`` (or the machine's clock is wrong),
    ``name`` (another host's), ``other``.
    """

    code = "GW-LNK-05"

    def __init__(self, detail: str = "", *, reason: str = "other", retry: Retry | None = None) -> None:
        super().__init__(detail, retry=retry)
        self.reason = reason
