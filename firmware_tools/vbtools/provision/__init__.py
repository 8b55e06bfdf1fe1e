"""``vb-provision``: from a profile and a list of boxes to what their SD cards and their labels need."""
