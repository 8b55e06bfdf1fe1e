"""``vb-modem``: what a technician does with a mobile modem, on its AT port (docs/decisions/0060)."""
