"""``vb-selftest``: a box tried as a whole before it goes out, with a signed report (docs/decisions/0061)."""
