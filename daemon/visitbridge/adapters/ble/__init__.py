"""Card readers over Bluetooth LE. The driver is here; the binding to BlueZ is not written yet."""
