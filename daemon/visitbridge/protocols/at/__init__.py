"""AT commands of a mobile modem: framing and parsing without I/O (ITU-T V.250, 3GPP TS 27.007)."""
