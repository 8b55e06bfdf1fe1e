"""Implementations of the ports over real devices, services and files."""
