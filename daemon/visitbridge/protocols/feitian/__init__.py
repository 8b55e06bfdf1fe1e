"""Feitian bR301BLE and bR500: CCID messages over one GATT write and one notify characteristic (hardware.md §1.3)."""
