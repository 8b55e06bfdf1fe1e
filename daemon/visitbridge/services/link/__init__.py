"""Is the data centre really there, and if not, which hop is broken (C04, C05, beyond #3)."""

from visitbridge.services.link.policy import LinkPolicy, LinkState
from visitbridge.services.link.watch import LinkWatch, StatusSource

__all__ = ["LinkPolicy", "LinkState", "LinkWatch", "StatusSource"]
