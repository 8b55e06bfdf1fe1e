"""Bytes in, bytes out: APDUs, reader frames, AT lines, data-centre messages. No sockets, no clock."""
