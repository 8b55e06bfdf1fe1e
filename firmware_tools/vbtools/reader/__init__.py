"""``vb-reader``: what a technician does with a card reader, by USB or Bluetooth (docs/decisions/0026)."""
