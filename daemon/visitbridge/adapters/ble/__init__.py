"""Card readers over Bluetooth LE, through BlueZ and bluezero."""
