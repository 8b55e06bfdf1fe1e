"""The box's certificate for phones (ux §3.3)."""

from visitbridge.adapters.tls.box_certificate import (
    INSTITUTION_FILE,
    BoxTls,
    install_institution_certificate,
    judge_file,
    open_box_tls,
)
from visitbridge.adapters.tls.renewal import CertificateRenewal, topic_of

__all__ = [
    "INSTITUTION_FILE",
    "BoxTls",
    "CertificateRenewal",
    "install_institution_certificate",
    "judge_file",
    "open_box_tls",
    "topic_of",
]
