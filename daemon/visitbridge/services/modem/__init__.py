"""The modem from power-on to a data connection, and back to one when it breaks (issue rows C01-C06)."""
