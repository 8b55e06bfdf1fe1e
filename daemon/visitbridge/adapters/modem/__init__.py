"""Mobile modems: AT over a serial port, found by what they are on USB and never by ttyUSB numbers."""
