"""Visits: one patient, one practitioner, one occasion, from the card to the receipt."""
