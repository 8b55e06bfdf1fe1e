"""Codes in photos, read in a process of its own."""

from visitbridge.adapters.imaging.reader import PhotoCodeReader

__all__ = ["PhotoCodeReader"]
