"""``vb-backup``: a box's settings in a sealed file, for another box in its place (docs/decisions/0062)."""
