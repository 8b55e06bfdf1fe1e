"""X.509 for the box and the technician's tools: make authorities and leaves, judge what others made.

PEM in, PEM out; files and sockets are the callers'.
"""

from visitbridge.protocols.certificates.authority import (
    LEAF_LIFE,
    LEAF_LIMIT,
    LOCAL_ZONES,
    PRIVATE_NETWORKS,
    RENEW_BEFORE,
    KeyPair,
    covers,
    is_fresh,
    issue_leaf,
    make_authority,
    permits,
)
from visitbridge.protocols.certificates.judging import (
    CertificateFacts,
    facts_of,
    judge_root,
    judge_server_chain,
    permitted_names,
    read_chain,
    readable_fingerprint,
    to_pem,
)

__all__ = [
    "LEAF_LIFE",
    "LEAF_LIMIT",
    "LOCAL_ZONES",
    "PRIVATE_NETWORKS",
    "RENEW_BEFORE",
    "CertificateFacts",
    "KeyPair",
    "covers",
    "facts_of",
    "is_fresh",
    "issue_leaf",
    "judge_root",
    "judge_server_chain",
    "make_authority",
    "permits",
    "permitted_names",
    "read_chain",
    "readable_fingerprint",
    "to_pem",
]
