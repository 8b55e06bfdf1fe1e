"""``python -m vpnportal``."""

from vpnportal.cli import main

main()
