"""A receipt counts only when it is genuine and speaks of this very job."""

from __future__ import annotations

from collections.abc import Callable

from visitbridge.domain.jobs import Job
from visitbridge.errors import ReceiptRefused
from visitbridge.protocols.datacentre.common import Receipt

VerifySignature = Callable[[Receipt], bool]
"""Whether the signature is that of the data centre this box is bound to."""


def check_receipt(job: Job, receipt: Receipt, *, receipt_kind: str, is_genuine: VerifySignature) -> None:
    """Raise ReceiptRefused unless key, kind and digest are the job's and the signature holds."""
    if receipt.key != job.key:
        raise ReceiptRefused("receipt for another key")
    if receipt.kind != receipt_kind:
        raise ReceiptRefused("receipt of another kind")
    if receipt.digest != job.digest:
        raise ReceiptRefused("receipt for another digest")
    if not is_genuine(receipt):
        raise ReceiptRefused("signature does not hold")
