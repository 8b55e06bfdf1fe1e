"""What the kinds of job that a visit leads to are called, in the store and in every answer."""

from typing import Final

CHECK_ELIGIBILITY: Final = "check.eligibility"
TAKE_VIRTUAL_NUMBER: Final = "take.virtual_number"
WRITE_VISIT: Final = "card.write_visit"
WRITE_PRESCRIPTION: Final = "card.write_prescription"
UPLOAD_RECOGNITION: Final = "upload.recognition"
UPLOAD_VISIT: Final = "upload.visit"
UPLOAD_IC: Final = "upload.ic"
UPLOAD_DELIVERY: Final = "upload.delivery"

AFTER_UPLOADS: Final = 100
"""Added to the position of an optional make-up write, which nothing has to wait for (X4)."""
