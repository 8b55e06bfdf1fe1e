"""The box's own certificate for phones (ux §3.3)."""

from visitbridge.adapters.tls.authority import LEAF_LIFE, RENEW_BEFORE
from visitbridge.adapters.tls.box_certificate import BoxTls, open_box_tls
from visitbridge.adapters.tls.renewal import CertificateRenewal

__all__ = ["LEAF_LIFE", "RENEW_BEFORE", "BoxTls", "CertificateRenewal", "open_box_tls"]
