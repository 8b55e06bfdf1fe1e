"""Simulated Bluetooth readers at the seam ``ports.gatt``: the drivers really run, the radio does not."""
