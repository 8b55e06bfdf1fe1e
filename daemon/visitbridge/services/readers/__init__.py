"""Bluetooth readers: found, paired, named, remembered, forgotten (D01-D03)."""
