"""What the family takes to the pharmacy: it depends on the VPN upload only, not on a card write (X3)."""

from __future__ import annotations

from visitbridge.domain.prescription_qr import prescription_text
from visitbridge.domain.visit import OrderKind, Visit
from visitbridge.services.outbox.names import UPLOAD_VISIT
from visitbridge.services.visits.views import PrescriptionView, VisitView

TRAINING_PREFIX = "TRAINING/"
"""What stands before the QR text in training, so that no pharmacy's program reads it as a prescription."""


def prescribes(visit: Visit) -> bool:
    """Whether there is anything for a pharmacy: a visit fee or a test is an order too, and nothing that it dispenses."""
    return any(order.kind is OrderKind.DRUG for order in visit.content.orders)


def prescription_of(view: VisitView, *, training: bool = False) -> PrescriptionView:
    """The QR text and 通關密碼, or what they wait for."""
    receipt = view.receipts.get(UPLOAD_VISIT)
    if not prescribes(view.visit):
        return PrescriptionView(ready=False, waiting_for="prescription.no_orders")
    if receipt is None:
        upload = next((job for job in view.jobs if job.kind == UPLOAD_VISIT), None)
        if upload is None:
            return PrescriptionView(ready=False, waiting_for="prescription.not_wanted")
        waiting = "prescription.attention" if upload.needs_person else "prescription.upload"
        return PrescriptionView(ready=False, waiting_for=waiting)
    return PrescriptionView(
        ready=True,
        waiting_for="",
        qr_text=(TRAINING_PREFIX if training else "") + prescription_text(view.visit),
        passphrase=receipt.insurer.get("prescription_code", ""),
    )
