"""visitbridge: the gateway between visit teams, their card readers and the insurer's VPN."""

import datetime as dt

__version__ = "0.1.0"

RELEASED_AT = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
"""A working clock cannot show less than this (Y10)."""
